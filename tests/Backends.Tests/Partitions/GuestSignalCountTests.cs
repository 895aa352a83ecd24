using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.Backends.Tests.Partitions;

/// <summary>What a host can tell of its guest's signals: how many, and how many of them by the monitor page.</summary>
public sealed class GuestSignalCountTests
{
    [Fact]
    public void Signals_by_call_and_by_monitor_are_told_apart()
    {
        // Fast calls and monitor bits touch no memory.
        var calls = new GuestHypercalls(null!);
        int signalled = 0;
        using Undo connected = calls.Connect(7, new GuestConnection(null, () => signalled++));
        for (int bit = 0; bit < 3; bit++)
            Assert.Equal(HypercallStatus.Success, calls.SignalMonitored(7, 0));
        var fast = new HypercallControl(HypercallCode.SignalEvent, fast: true);
        for (int call = 0; call < 2; call++)
            Assert.Equal(HypercallStatus.Success, calls.Call(fast, 7));
        Assert.Equal((5L, 3L, 5), (calls.GetSignals(7), calls.GetMonitored(7), signalled));
        Assert.Null(calls.GetSignals(8));
        Assert.Null(calls.GetMonitored(8));
        Assert.Equal(HypercallStatus.InvalidParameter, calls.SignalMonitored(7, 1));
        Assert.Equal(3, calls.GetMonitored(7));
    }
}
