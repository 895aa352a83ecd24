using VmBus.Core.Tests.Rings;
using VmBus.Core.Tests.Signals;

namespace VmBus.Core.Tests.Channels;

/// <summary>Both ends of a channel in this process, each woken by a gate.</summary>
internal sealed class ChannelPair : IDisposable
{
    public ChannelPair(RingForm form = RingForm.Pinned, PeerTrust trust = PeerTrust.Trusted, int dataSize = 4096, bool multiProducer = false,
        SharedPages? pages = null, TimeProvider? clock = null, ISignalWait? leftWait = null, AdaptiveOptions? adaptive = null)
    {
        ToRight = new RingFixture(form, dataSize);
        ToLeft = new RingFixture(form, dataSize);
        Left = new VmBusChannel(ToRight.Writer(multiProducer), ToLeft.Reader(trust), Signaler(RightGate), leftWait ?? LeftGate, clock);
        Right = new VmBusChannel(ToLeft.Writer(multiProducer), ToRight.Reader(trust), Signaler(LeftGate), RightGate, clock);

        // The left end is the guest: its signals may wait in the monitor page.
        ChannelSignaler Signaler(Gate gate) => new(
            new SignalBinding
            {
                ChildRelid = 7,
                Path = gate,
                MonitorPage = gate == RightGate ? pages?.MonitorPage : null,
                MonitorId = 42,
                IsConcurrent = multiProducer,
            },
            clock,
            adaptive);
    }

    public RingFixture ToRight { get; }

    public RingFixture ToLeft { get; }

    /// <summary>Opened by the right end to wake the left.</summary>
    public Gate LeftGate { get; } = new();

    /// <summary>Opened by the left end to wake the right.</summary>
    public Gate RightGate { get; } = new();

    public VmBusChannel Left { get; }

    public VmBusChannel Right { get; }

    public void Dispose()
    {
        Left.Dispose();
        Right.Dispose();
        ToRight.Dispose();
        ToLeft.Dispose();
    }
}
