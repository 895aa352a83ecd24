using VmBus.Core.Tests.Rings;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Signals;

/// <summary>A signaller over pages, a path and rings, and what became of a signal.</summary>
internal sealed class SignalRig : IDisposable
{
    public const SignalCapabilities All = SignalCapabilities.Monitor | SignalCapabilities.Hypercall | SignalCapabilities.LatencyHint;

    public const ushort HostHint = 1000;

    private readonly RingFixture _outgoing = new();
    private readonly RingFixture _incoming = new();

    public SignalRig(SignalCapabilities capabilities = All, bool hasMonitor = true, bool dedicated = true, uint relid = 7, int monitorId = 42,
        bool concurrent = false, TimeProvider? clock = null, AdaptiveOptions? adaptive = null, ushort hostHint = HostHint)
    {
        Path = new Gate(capabilities);
        MonitorId = monitorId;
        Relid = relid;
        if (hasMonitor)
            Pages.MonitorPage.Latency(monitorId) = hostHint;
        Outgoing = _outgoing.Writer(multiProducer: concurrent);
        Incoming = _incoming.Reader();
        Signaler = new ChannelSignaler(
            new SignalBinding
            {
                ChildRelid = relid,
                Path = Path,
                MonitorPage = hasMonitor ? Pages.MonitorPage : null,
                MonitorId = monitorId,
                InterruptPage = Pages.InterruptPage,
                HasDedicatedInterrupt = dedicated,
                IsConcurrent = concurrent,
            },
            clock,
            adaptive);
    }

    public SharedPages Pages { get; } = new();

    public Gate Path { get; }

    public int MonitorId { get; }

    public uint Relid { get; }

    public ChannelSignaler Signaler { get; }

    public OutgoingRing Outgoing { get; }

    public IncomingRing Incoming { get; }

    /// <summary>The other end reads all that was sent.</summary>
    public void Receive() => Drain(_outgoing.Reader());

    /// <summary>The other end sends a packet, and this end reads it.</summary>
    public void Answer()
    {
        Assert.True(_incoming.Writer().TryWrite([], 0, PacketFlags.None, out _));
        Drain(Incoming);
    }

    public bool IsPending => (Pages.MonitorPage.Pending(MonitorId / 32) >> (MonitorId % 32) & 1) != 0;

    public bool IsInterruptBitSet => (Pages.InterruptPage.Send[(int)Relid / 64] >> (int)(Relid % 64) & 1) != 0;

    public ushort Hint => Pages.MonitorPage.Latency(MonitorId);

    public void AfterWrite(SignalNeed need, Urgency urgency = Urgency.Normal) => Signaler.AfterWrite(need, urgency, Outgoing, Incoming);

    /// <summary>The hypervisor looks at the page: the bit is cleared and becomes a signal.</summary>
    public void Examine() => Interlocked.And(ref Pages.MonitorPage.Pending(MonitorId / 32), ~(1u << MonitorId % 32));

    private static void Drain(IncomingRing ring)
    {
        using IncomingBatch batch = ring.ReadBatch();
        while (batch.TryNext(out _))
        {
        }

        batch.Commit();
    }

    public void Dispose()
    {
        Path.Dispose();
        _outgoing.Dispose();
        _incoming.Dispose();
    }
}
