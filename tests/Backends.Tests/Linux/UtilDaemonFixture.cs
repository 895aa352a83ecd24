// What the tests of the daemons have in common: one daemon over a stand-in, which leaves nothing open.

using System.Runtime.Versioning;
using VmBus.Backends.Tests.Shared;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
public abstract class UtilDaemonFixture : IDisposable
{
    private readonly OpenResources _before = OpenResources.Count();
    private IDisposable? _kernel;
    private UtilDaemon? _daemon;

    protected CancellationTokenSource Stop { get; } = new();

    protected Task Run { get; private set; } = Task.CompletedTask;

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        Stop.Cancel();
        _daemon?.Dispose();
        Assert.True(Task.WhenAny(Run).Wait(Patience.Limit));
        _kernel?.Dispose();
        Stop.Dispose();
        _before.AssertUnchanged();
    }

    private protected void RunUntilGreeted(UtilDaemon daemon, Func<bool> greeted)
    {
        StartRun(daemon);
        Background.Until(greeted, "the greeting is over");
    }

    private protected void StartRun(UtilDaemon daemon)
    {
        _daemon = daemon;
        Run = daemon.RunAsync(Stop.Token);
    }

    private protected TKernel Own<TKernel>(TKernel kernel) where TKernel : IDisposable
    {
        _kernel = kernel;
        return kernel;
    }
}
