using System.Runtime.Versioning;
using VmBus.Backends.Tests.Linux;
using VmBus.Integration;
using VmBus.Linux;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Vss;

[SupportedOSPlatform("linux")]
public sealed class VssCommandTests : IDisposable
{
    private readonly FakeTerminal _terminal = new();
    private readonly StandInVssKernel _kernel = new();
    private readonly CountingFreezer _freezer = new();
    private readonly CancellationTokenSource _stop = new();

    public void Dispose()
    {
        _stop.Dispose();
        _kernel.Dispose();
        _terminal.Dispose();
    }

    [Fact]
    public async Task It_freezes_and_thaws_in_the_daemons_place()
    {
        Task<int> serve = Serve();
        Assert.Equal(IcStatus.Success, _kernel.Ask(IcVssOperation.HotBackup).Status);
        Assert.Equal(IcStatus.Success, _kernel.Ask(IcVssOperation.Freeze).Status);
        string untilFrozen = _terminal.Error;
        Assert.Equal((1, 0), (_freezer.Freezes, _freezer.Thaws));
        Assert.Equal(IcStatus.Success, _kernel.Ask(IcVssOperation.Thaw).Status);
        _stop.Cancel();
        Assert.Equal(0, await serve.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        Assert.Equal((1, 1), (_freezer.Freezes, _freezer.Thaws));
        Assert.Equal("vmbus: /dev/vmbus/hv_vss freezes file systems when the host takes a snapshot; Ctrl-C ends it\n", untilFrozen);
        Assert.Matches("^vmbus: file systems were frozen for \\S+ \\S+ for a snapshot\n$", _terminal.Error[untilFrozen.Length..]);
    }

    [Fact]
    public async Task Told_to_end_while_frozen_it_thaws()
    {
        Task<int> serve = Serve();
        Assert.Equal(IcStatus.Success, _kernel.Ask(IcVssOperation.Freeze).Status);
        _stop.Cancel();
        Assert.Equal(0, await serve.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        Assert.Equal((1, 1), (_freezer.Freezes, _freezer.Thaws));
    }

    [Fact]
    public void A_freezer_that_has_ended_freezes_no_more()
    {
        NotedFreezer noted = new(_freezer, TextWriter.Null);
        Assert.Equal(IcStatus.Success, noted.Freeze());
        noted.End();
        Assert.Equal(IcStatus.Fail, noted.Freeze());
        noted.End();
        Assert.Equal((1, 1), (_freezer.Freezes, _freezer.Thaws));
    }

    [Fact]
    public async Task A_device_that_is_not_there_is_one_line()
    {
        Assert.Equal(ExitCode.Failed, await _terminal.Run(FakeEngines.Good, "vss", "--serve", "--device", "/no/such/device"));
        Assert.Matches("^vmbus: /no/such/device does not exist: the module hv_utils creates it when the host offers snapshots of volumes\\. [^\n]*\n$", _terminal.Error);
    }

    [Fact]
    public async Task Without_an_option_it_tells_what_would_be_frozen()
    {
        Assert.Equal(ExitCode.Success, await _terminal.Run(FakeEngines.Good, "vss"));
        Assert.NotEqual("", _terminal.Out);
        Assert.Equal("", _terminal.Error);
    }

    private Task<int> Serve()
    {
        Engines engines = FakeEngines.For(FakeEngines.Good).With(_freezer, (freezer, _) => VssDaemon.Open(freezer, _kernel));
        Task<int> serve = VmBusCommand.RunAsync(["vss", "--serve"], _terminal.Terminal, engines, _stop.Token);
        Background.Until(() => _kernel.IsReady, "the daemon has greeted the kernel");
        return serve;
    }

    private sealed class CountingFreezer : IVolumeFreezer
    {
        public int Freezes { get; private set; }

        public int Thaws { get; private set; }

        public IcStatus Freeze()
        {
            Freezes++;
            return IcStatus.Success;
        }

        public IcStatus Thaw()
        {
            Thaws++;
            return IcStatus.Success;
        }
    }
}
