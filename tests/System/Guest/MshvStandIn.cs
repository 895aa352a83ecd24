using System.Diagnostics;
using System.Globalization;

namespace VmBus.SystemTest;

/// <summary>The program that stands for a device of the Microsoft hypervisor's driver: see mshv-stand-in.c.</summary>
internal sealed class MshvStandIn : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);

    private readonly Process _process;

    public MshvStandIn(string name)
    {
        Path = "/dev/" + name;
        _process = Process.Start(new ProcessStartInfo("/bin/mshv-stand-in", name) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Expect("ready");
        // The kernel makes the node after it has heard the answer to its greeting.
        long start = Stopwatch.GetTimestamp();
        while (!File.Exists(Path))
        {
            if (Stopwatch.GetElapsedTime(start) > Patience)
                throw new FailedException($"{Path} does not appear");
            Thread.Yield();
        }
    }

    public string Path { get; }

    /// <summary>What calls answer from now on: a result or a negative errno; a hypercall's status and output.</summary>
    public void Answer(int result, int status = 0, string output = "-")
        => Tell(string.Create(CultureInfo.InvariantCulture, $"answer {result} {status} {output}"));

    /// <summary>A command.</summary>
    public void Tell(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
        Expect("ok");
    }

    /// <summary>The next call that came: its number, the bytes of its argument, and of what that points to.</summary>
    public (string Number, string Argument, string Payload) Call()
    {
        string[] words = ReadLine().Split(' ');
        if (words is not ["ioctl", var number, var argument, var payload])
            throw new FailedException($"{Path}'s stand-in said {string.Join(' ', words)}");
        return (number, argument, payload);
    }

    /// <summary>The next call that came, and no other.</summary>
    public void ExpectCall(string number, string argument, string payload = "-")
    {
        (string Number, string Argument, string Payload) call = Call();
        if (call != (number, argument, payload))
            throw new FailedException($"{Path} got {call} instead of {(number, argument, payload)}");
    }

    /// <summary>Ends it; whatever it has said must have been asked about.</summary>
    public void Finish()
    {
        _process.StandardInput.Close();
        string rest = _process.StandardOutput.ReadToEnd();
        _process.WaitForExit();
        if (_process.ExitCode != 0 || rest.Length > 0)
            throw new FailedException($"{Path}'s stand-in ended with {_process.ExitCode} and had not been asked about {rest}");
    }

    // Its input's end is its own.
    public void Dispose() => _process.Dispose();

    private void Expect(string line)
    {
        string said = ReadLine();
        if (said != line)
            throw new FailedException($"{Path}'s stand-in said {said} instead of {line}");
    }

    private string ReadLine()
    {
        Task<string?> read = _process.StandardOutput.ReadLineAsync();
        return read.Wait(Patience) ? read.Result ?? throw new FailedException($"{Path}'s stand-in has ended") : throw new FailedException($"{Path}'s stand-in says nothing");
    }
}
