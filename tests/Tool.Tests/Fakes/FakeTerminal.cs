using VmBus.Linux;

namespace VmBus.Tool.Tests.Fakes;

/// <summary>A terminal that is a pipe on both sides, and what came out of it.</summary>
internal sealed class FakeTerminal : IDisposable
{
    private readonly StringWriter _out = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    public FakeTerminal(int width = 80) => Terminal = new() { Out = TextWriter.Synchronized(_out), Error = TextWriter.Synchronized(_error), PlainWidth = width };

    public Terminal Terminal { get; }

    public string Out => _out.ToString();

    public string Error => _error.ToString();

    /// <summary>Runs a command line over fake engines.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> Run(string scenario, params string[] args) =>
        VmBusCommand.RunAsync(args, Terminal, FakeEngines.For(scenario), TestContext.Current.CancellationToken);

    /// <summary>Runs a command line over a kernel that is a stand-in.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> Run(VmBusSysfs sysfs, string proc, CancellationToken cancellationToken, params string[] args) =>
        VmBusCommand.RunAsync(args, Terminal, FakeEngines.Over(sysfs, proc), cancellationToken);

    public void Dispose()
    {
        _out.Dispose();
        _error.Dispose();
    }
}
