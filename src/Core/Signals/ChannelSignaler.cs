// The switch this library exists for. Mirrors vmbus_setevent with its low_latency test (the 2016 patch "tag the channel
// for low latency", Linux v4.9 drivers/hv/channel.c) and vmbus_set_event (connection.c), and adds more: per message,
// adaptive, counted.

using System.Runtime.CompilerServices;
using VmBus.Layout;

namespace VmBus;

/// <summary>Decides how one direction of a channel signals, and does it.</summary>
/// <remarks>
/// <para><see cref="Mode"/> may be set by any thread at any time: plain stores, read at the next signal. A
/// switch loses nothing, because a signal deferred before it stays pending in the monitor page.</para>
/// <para>Signals are sent by one thread at a time unless <see cref="SignalBinding.IsConcurrent"/>; signals for room
/// (<see cref="SignalRoom"/>) may come from one other thread, the reader's.</para>
/// </remarks>
internal sealed unsafe partial class ChannelSignaler
{
    private const int MonitorRoute = 0;
    private const int HypercallRoute = 1;
    private const int AdaptiveRoute = 2;

    private readonly ISignalPath _path;
    private readonly TimeProvider _clock;
    private readonly MonitorPageView? _monitorPage;
    private readonly int _monitorId;
    private readonly uint* _pending;        // the monitor page's word for this channel's group, or null
    private readonly uint _pendingMask;
    private readonly ulong* _sendWord;      // the interrupt page's word for this relid, or null
    private readonly ulong _sendMask;
    private readonly bool _concurrent;
    private readonly bool _canHint;

    private bool _canCall;                  // false to true when a mode is set, true to false when a call fails
    private int _route;
    private volatile SignalMode _mode;
    private int _deferred;                  // 1: the last signal was left to the monitor page
    private int _urgentWaits;               // 1: an urgent message waits for a signal that may be about to be deferred
    private bool _ended;
    private AdaptivePolicy _policy;
    private int _policyLock;
    private ushort _hint;                   // the latency that the host or SetLatencyHint asked for: to go back to

    private long _monitored;
    private long _hypercalls;
    private long _promoted;
    private long _roomMonitored;
    private long _roomHypercalls;
    private long _failed;
    private long _modeChanges;
    private HypercallStatus _lastFailure;

    /// <summary>Makes a signaller in <see cref="SignalMode.Monitored"/>, the mode an offer with a monitor asks for.</summary>
    /// <param name="binding">Where to signal.</param>
    /// <param name="clock">The clock of the adaptive policy; <see langword="null"/> for the system's.</param>
    /// <param name="adaptive">When an adaptive channel changes; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">The relid or the monitor id is out of range.</exception>
    public ChannelSignaler(SignalBinding binding, TimeProvider? clock = null, AdaptiveOptions? adaptive = null)
    {
        ArgumentNullException.ThrowIfNull(binding);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(binding.ChildRelid, (uint)InterruptPage.BitsPerHalf - 1);
        _path = binding.Path;
        PageOwner = binding.PageOwner;
        _clock = clock ?? TimeProvider.System;
        _concurrent = binding.IsConcurrent;
        _canHint = (_path.Capabilities & SignalCapabilities.LatencyHint) != 0;

        // A bit in a page that nothing examines would never become a signal.
        if (binding.MonitorPage is { } monitorPage && (_path.Capabilities & SignalCapabilities.Monitor) != 0)
        {
            _monitorPage = monitorPage;
            _monitorId = binding.MonitorId;
            _hint = monitorPage.Latency(binding.MonitorId);
            _pending = (uint*)Unsafe.AsPointer(ref monitorPage.Pending(binding.MonitorId / 32));
            _pendingMask = 1u << (binding.MonitorId % 32);
        }

        if (!binding.HasDedicatedInterrupt && binding.InterruptPage is { } interruptPage)
        {
            _sendWord = (ulong*)Unsafe.AsPointer(ref interruptPage.Send[(int)(binding.ChildRelid / 64)]);
            _sendMask = 1UL << (int)(binding.ChildRelid % 64);
        }

        _policy = new AdaptivePolicy(adaptive ?? AdaptiveOptions.Default, _clock.TimestampFrequency);
        // Last: the path may open something here.
        _canCall = (_path.Review() & SignalCapabilities.Hypercall) != 0;
        Mode = SignalMode.Monitored;
    }

    /// <summary>What keeps the addresses of the monitor page and the interrupt page valid.</summary>
    internal object? PageOwner { get; }

    /// <summary>
    /// Whether the channel has a monitor that is examined. Without one every signal is immediate, whatever the mode.
    /// </summary>
    public bool HasMonitor => _pending != null;

    /// <summary>What the signal path can do.</summary>
    public SignalCapabilities Capabilities => _path.Capabilities;

    /// <summary>
    /// How the channel signals. On a path without hypercalls, low latency shortens the latency hint instead, and
    /// <see cref="EffectiveMode"/> says so. Setting it also checks whether the path can call by now.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">No such mode.</exception>
    public SignalMode Mode
    {
        get => _mode;
        set
        {
            if (value is not (SignalMode.Monitored or SignalMode.LowLatency or SignalMode.Adaptive))
                throw new ArgumentOutOfRangeException(nameof(value), value, "No such signal mode.");
            _mode = value;
            ChooseRoute(value, _path.Review());
        }
    }

    /// <summary>What really happens at the next signal.</summary>
    public EffectiveSignal EffectiveMode => Volatile.Read(ref _route) switch
    {
        HypercallRoute => EffectiveSignal.Hypercall,
        AdaptiveRoute when !_policy.Defers => EffectiveSignal.Hypercall,
        _ when _monitorPage is { } page && page.Latency(_monitorId) < _hint => EffectiveSignal.MonitoredShortHint,
        _ => EffectiveSignal.Monitored,
    };

    /// <summary>
    /// The latency that low latency asks for where it cannot call: 100 ns units. The examiner of the page may clamp it.
    /// </summary>
    public static ushort ShortHint => 10;

    /// <summary>How long the hypervisor may wait between two inspections of this channel's bit.</summary>
    /// <value>In steps of 100 ns, up to 6.5535 ms; zero without a monitor.</value>
    public TimeSpan LatencyHint
        => _monitorPage is { } page ? TimeSpan.FromTicks(page.Latency(_monitorId)) : TimeSpan.Zero;

    /// <summary>
    /// Sets the latency hint. The host may clamp it, and applies the lowest of a group of 32 channels to all of them. While low
    /// latency keeps the hint short, the new one is stored, and applied when that ends.
    /// </summary>
    /// <param name="latency">From 100 ns to 6.5535 ms, in steps of 100 ns.</param>
    /// <exception cref="ArgumentOutOfRangeException">Out of that range.</exception>
    /// <exception cref="InvalidOperationException">The channel has no monitor, or its hint is not writable here.</exception>
    public void SetLatencyHint(TimeSpan latency)
    {
        if (latency.Ticks is < 1 or > ushort.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(latency), latency, $"A latency hint must be 0.0001 to 6.5535 ms, not {latency.TotalMilliseconds} ms.");
        if (!HasMonitor || !_canHint)
            throw new InvalidOperationException(HasMonitor ? "This signal path cannot write the latency hint." : "The channel has no monitor, so it has no latency hint.");
        _hint = (ushort)latency.Ticks;
        WriteHint(_mode);
    }

    /// <summary>Signals for packets just published, if they need it.</summary>
    /// <param name="need">What the ring said at publication.</param>
    /// <param name="urgency">How soon the other side should know.</param>
    /// <param name="outgoing">The ring they went into; its count is what the adaptive policy judges.</param>
    /// <param name="incoming">The channel's other ring: what was read from it tells a dialogue from a stream.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AfterWrite(SignalNeed need, Urgency urgency, OutgoingRing outgoing, IncomingRing incoming)
    {
        if (need == SignalNeed.Required)
            Signal(urgency, outgoing.PacketsPublished, incoming.PacketsCommitted);
        else if (SignalHandshake.MayPromote(new Control(this), need, urgency))
            Promote(urgency);
    }

    /// <summary>Signals now or by the monitor page: the ring went from empty to non-empty and the reader wants to know.</summary>
    /// <param name="urgency">How soon the other side should know.</param>
    /// <param name="sent">Packets sent so far; judged by the adaptive policy.</param>
    /// <param name="received">Packets read so far on the same channel; judged by the adaptive policy.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Signal(Urgency urgency, long sent = 0, long received = 0)
    {
        if (Volatile.Read(ref _ended))
            return;
        Count(SignalHandshake.Signal(new Control(this, sent, received), urgency));
    }

    /// <summary>Signals that there is room in the ring the other side writes.</summary>
    public void SignalRoom()
    {
        if (Volatile.Read(ref _ended))
            return;

        // The writer is blocked until this signal: delaying it gains nothing.
        if (_pending != null && !Volatile.Read(ref _canCall))
        {
            SignalHandshake.SetPending(new Control(this));
            Count(ref _roomMonitored);
            return;
        }

        Count(ref _roomHypercalls);
        SignalHandshake.CallNow(new Control(this));
    }

    /// <summary>The channel is closed: apart from calls in progress, no more signals are sent. Any thread, at any time.</summary>
    internal void End() => Volatile.Write(ref _ended, true);

    /// <summary>What was counted. A snapshot: exact only while no thread signals.</summary>
    public SignalStatistics GetStatistics() => new(
        _monitored + _roomMonitored, _hypercalls + _roomHypercalls, _promoted, _roomMonitored + _roomHypercalls, _failed, _lastFailure, _modeChanges);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Promote(Urgency urgency) => Count(SignalHandshake.Promote(new Control(this), urgency));

    private int Judge(long sent, long received)
    {
        if (_concurrent && Interlocked.CompareExchange(ref _policyLock, 1, 0) != 0)
            return _policy.Defers ? MonitorRoute : HypercallRoute;  // another thread is deciding right now
        bool changed = _policy.Defers
            ? _policy.OnDeferred(sent)
            : _policy.OnImmediate(sent, received, _clock.GetTimestamp());
        if (changed)
            _modeChanges++;
        int route = _policy.Defers ? MonitorRoute : HypercallRoute;
        if (_concurrent)
            Volatile.Write(ref _policyLock, 0);
        return route;
    }

    // Plain stores. A mode set while a call fails may keep a path that is gone: the next call fails, too.
    private void ChooseRoute(SignalMode mode, SignalCapabilities capabilities)
    {
        bool couldCall = _canCall, canCall = (capabilities & SignalCapabilities.Hypercall) != 0;
        Volatile.Write(ref _canCall, canCall);
        // A hint that stood in for calls goes back when they can be made.
        if (HasMonitor && _canHint && !(couldCall && canCall))
            WriteHint(mode);
        int route = !HasMonitor ? HypercallRoute
            : !canCall ? MonitorRoute
            : mode switch { SignalMode.LowLatency => HypercallRoute, SignalMode.Adaptive => AdaptiveRoute, _ => MonitorRoute };
        Volatile.Write(ref _route, route);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void OnFailed(HypercallStatus status)
    {
        Interlocked.Increment(ref _failed);
        _lastFailure = status;
        if (!HasMonitor)
            return;
        // Nothing is lost: the host still examines the page. The interrupt page's bit was set before the call.
        new Control(this).OrPending();
        SignalCapabilities left = _path.Capabilities;
        if ((left & SignalCapabilities.Hypercall) != 0)
            return;
        SignalMode mode;
        do
        {
            mode = _mode;
            ChooseRoute(mode, left);
        }
        while (mode != _mode);
    }

    /// <summary>Writes the hint that the mode asks for. A host that asks for less than the short one keeps it.</summary>
    private void WriteHint(SignalMode mode)
    {
        bool shorten = mode == SignalMode.LowLatency && !_canCall;
        Volatile.Write(ref _monitorPage!.Value.Latency(_monitorId), shorten ? Math.Min(ShortHint, _hint) : _hint);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Count(SentSignals sent)
    {
        if ((sent & SentSignals.Deferred) != 0)
            Count(ref _monitored);
        if ((sent & (SentSignals.Called | SentSignals.Promoted)) != 0)
            Count(ref _hypercalls);
        if ((sent & SentSignals.Promoted) != 0)
            Count(ref _promoted);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Count(ref long counter)
    {
        if (_concurrent)
            Interlocked.Increment(ref counter);
        else
            counter++;
    }
}
