using System.Diagnostics;
using System.Globalization;

namespace VmBus.Tool.Tests.Fakes;

/// <summary>The product's own program on a terminal of its own (util-linux's script makes it), and the picture it draws.</summary>
internal sealed class PseudoTerminal : IDisposable
{
    private readonly Process _script;
    private readonly TerminalPicture _picture;
    private readonly string _folder = Directory.CreateTempSubdirectory("vmbus-pty").FullName;
    private readonly Task _reading;

    /// <summary>Starts the program. Its end and the terminal's modes before and after are written by a shell around it.</summary>
    public PseudoTerminal(int columns, int rows, string environment, params string[] args)
    {
        _picture = new(columns, rows);
        string program = $"exec env {environment} dotnet '{Path.Combine(AppContext.BaseDirectory, "vmbus.dll")}' {string.Join(' ', args.Select(arg => $"'{arg}'"))}";
        string inner = Path.Combine(_folder, "inner"), outer = Path.Combine(_folder, "outer");
        File.WriteAllText(inner, $"echo $$ > {_folder}/pid\n{program}\n");
        // Its own interrupts do not end the shell, which has more to say.
        File.WriteAllText(outer, $"""
            trap : INT
            stty cols {columns} rows {rows}
            tty > {_folder}/tty
            stty -g > {_folder}/before
            sh {inner}
            code=$?
            stty -g > {_folder}/after
            echo "ended with $code"

            """.ReplaceLineEndings("\n"));
        ProcessStartInfo start = new("script", ["-qefc", $"sh {outer}", "/dev/null"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TERM"] = "xterm-256color";
        start.Environment.Remove("NO_COLOR");
        _script = Process.Start(start)!;
        _reading = Task.Run(Read);
    }

    /// <summary>Whether this machine can have one.</summary>
    public static bool IsPossible => OperatingSystem.IsLinux() && File.Exists("/usr/bin/script");

    /// <summary>The process of the program, once it is there.</summary>
    public string Pid => File.ReadAllText(Path.Combine(_folder, "pid")).Trim();

    /// <summary>Whether the terminal's modes at the end are those of the beginning.</summary>
    public bool IsRestored => File.ReadAllText(Path.Combine(_folder, "before")) == File.ReadAllText(Path.Combine(_folder, "after"));

    public void Press(string keys)
    {
        _script.StandardInput.Write(keys);
        _script.StandardInput.Flush();
    }

    /// <summary>Makes the terminal another size, as a window that is dragged does; the picture keeps its own.</summary>
    public void Resize(int columns, int rows) => Shell($"stty -F $(cat {_folder}/tty) cols {columns} rows {rows}");

    public static void Shell(string command)
    {
        using Process shell = Process.Start("sh", ["-c", command]);
        Assert.True(shell.WaitForExit(Patience.Limit));
        Assert.Equal(0, shell.ExitCode);
    }

    /// <summary>Waits until what is shown is as it should be.</summary>
    public async Task<string> UntilAsync(Func<TerminalPicture, string, bool> seen)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            lock (_picture)
            {
                string text = _picture.ToString();
                if (seen(_picture, text))
                    return text;
                if (Stopwatch.GetElapsedTime(start) > Patience.Limit)
                    Assert.Fail($"Not seen within {Patience.Limit}:\n{text}");
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits for the end of a live view; the code is that of the program, and the screen is as it was.</summary>
    public async Task EndAsync(int code)
    {
        await UntilAsync((picture, text) => picture is { IsAlternate: false, HasCursor: true, Wraps: true } && text.Contains(string.Create(CultureInfo.InvariantCulture, $"ended with {code}"), StringComparison.Ordinal));
        _script.StandardInput.Close();
        await _reading.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
        Assert.True(_script.WaitForExit(Patience.Limit));
    }

    public void Dispose()
    {
        if (!_script.HasExited)
            _script.Kill(entireProcessTree: true);
        _script.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Read()
    {
        char[] buffer = new char[4096];
        while (_script.StandardOutput.Read(buffer) is > 0 and var length)
        {
            lock (_picture)
                _picture.Write(new string(buffer, 0, length));
        }
    }
}
