// Another program that writes the pool files: a real process, in Python, whose fcntl module has both kinds of locks.

using System.Diagnostics;

namespace VmBus.Backends.Tests.Linux;

internal sealed class OtherWriter : IDisposable
{
    private const string Program = "python3";

    private readonly Process _process;

    public OtherWriter(string script, params string[] arguments)
    {
        Assert.SkipUnless((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, Program))),
            $"NOT TESTED: what other programs do to the pool files. {Program} is not installed.");
        ProcessStartInfo start = new(Program, ["-c", $"import fcntl, sys\npath = sys.argv[1]\n{script}", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
    }

    public bool HasEnded => _process.HasExited;

    public void WaitUntilReady()
    {
        if (_process.StandardOutput.ReadLine() != "ready")
            Assert.Fail(_process.StandardError.ReadToEnd());
    }

    public void Go()
    {
        _process.StandardInput.WriteLine();
        _process.StandardInput.Flush();
    }

    public void WaitForSuccess()
    {
        Assert.True(_process.WaitForExit(Patience.Limit));
        Assert.True(_process.ExitCode == 0, _process.StandardError.ReadToEnd());
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit(Patience.Limit);
        _process.Dispose();
    }
}
