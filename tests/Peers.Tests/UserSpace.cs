using VmBus.Layout;

namespace VmBus.Peers.Tests;

/// <summary>What a guest's user space has, DPDK's too: a monitor page whose latencies it may write, and no hypercall.</summary>
internal sealed class UserSpace : ISignalPath
{
    public SignalCapabilities Capabilities => SignalCapabilities.Monitor | SignalCapabilities.LatencyHint;

    public HypercallStatus Signal() => throw new InvalidOperationException("User space calls nobody.");

    public static ChannelSignaler Signaller(Doorbell doorbell)
        => new(new SignalBinding { ChildRelid = 1, Path = new UserSpace(), MonitorPage = doorbell.Page, MonitorId = Doorbell.MonitorId });
}
