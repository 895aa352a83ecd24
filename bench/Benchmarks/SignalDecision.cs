using BenchmarkDotNet.Attributes;
using VmBus.Layout;

namespace VmBus.Benchmarks;

/// <summary>What follows the publication of a packet: each outcome of the decision, on a hypercall that costs nothing.</summary>
public class SignalDecision
{
    private readonly PinnedPage _monitorPage = new();
    private readonly PinnedPage _interruptPage = new();
    private BenchRing _ring = null!;
    private ChannelSignaler _monitored = null!;
    private ChannelSignaler _legacy = null!;
    private ChannelSignaler _lowLatency = null!;
    private ChannelSignaler _adaptive = null!;
    private ChannelSignaler _quiet = null!;
    private long _sent;
    private long _received;

    [GlobalSetup]
    public void Setup()
    {
        _ring = new BenchRing(64 * 1024);
        _quiet = Make(SignalMode.Monitored);
        _monitored = Make(SignalMode.Monitored);
        _legacy = Make(SignalMode.Monitored, dedicated: false);
        _lowLatency = Make(SignalMode.LowLatency);
        _adaptive = Make(SignalMode.Adaptive);
        _sent = 0;
        _received = 0;
    }

    [GlobalCleanup]
    public void Cleanup() => _ring.Dispose();

    /// <summary>The reader drains the ring and wants no signal.</summary>
    [Benchmark]
    public void Masked() => _quiet.AfterWrite(SignalNeed.Masked, Urgency.Normal, _ring.Outgoing, _ring.Incoming);

    /// <summary>The reader was signalled for the packets before.</summary>
    [Benchmark]
    public void NotEmpty() => _quiet.AfterWrite(SignalNeed.NotEmpty, Urgency.Normal, _ring.Outgoing, _ring.Incoming);

    /// <summary>A bit in the monitor page.</summary>
    [Benchmark]
    public void Monitored() => _monitored.AfterWrite(SignalNeed.Required, Urgency.Normal, _ring.Outgoing, _ring.Incoming);

    /// <summary>A bit in the interrupt page and one in the monitor page, as hosts before Windows 8 want it.</summary>
    [Benchmark]
    public void MonitoredSharedInterrupt() => _legacy.AfterWrite(SignalNeed.Required, Urgency.Normal, _ring.Outgoing, _ring.Incoming);

    /// <summary>A call, which here does nothing.</summary>
    [Benchmark]
    public void Hypercall() => _lowLatency.AfterWrite(SignalNeed.Required, Urgency.Normal, _ring.Outgoing, _ring.Incoming);

    /// <summary>A call for one message on a monitored channel.</summary>
    [Benchmark]
    public void Urgent() => _monitored.AfterWrite(SignalNeed.Required, Urgency.Urgent, _ring.Outgoing, _ring.Incoming);

    /// <summary>A deferred signal, then an urgent message that finds it pending: both together.</summary>
    [Benchmark]
    public void DeferredThenPromoted()
    {
        _monitored.AfterWrite(SignalNeed.Required, Urgency.Normal, _ring.Outgoing, _ring.Incoming);
        _monitored.AfterWrite(SignalNeed.NotEmpty, Urgency.Urgent, _ring.Outgoing, _ring.Incoming);
    }

    /// <summary>Adaptive under a stream: it stays with the monitor page, and reads no clock.</summary>
    [Benchmark]
    public void AdaptiveStream() => _adaptive.Signal(Urgency.Normal, _sent += 16, 0);

    /// <summary>Adaptive under ping-pong: it stays with calls, and reads the clock.</summary>
    [Benchmark]
    public void AdaptivePingPong() => _adaptive.Signal(Urgency.Normal, ++_sent, ++_received);

    private ChannelSignaler Make(SignalMode mode, bool dedicated = true) => new(new SignalBinding
    {
        ChildRelid = 42,
        Path = new NoOpSignalPath(),
        MonitorPage = new MonitorPageView(_monitorPage.Address),
        MonitorId = 42,
        InterruptPage = new InterruptPageView(_interruptPage.Address),
        HasDedicatedInterrupt = dedicated,
    })
    {
        Mode = mode,
    };
}
