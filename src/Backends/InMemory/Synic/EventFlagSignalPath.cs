// The host's signal to a guest: an event flag of a VP, set directly. Mirrors HvCallSignalEventDirect and
// WHvSignalVirtualProcessorSynicEvent.

using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>
/// Sets the channel's event flag at a VP of the other partition, and interrupts it if the flag was clear. Thread-safe,
/// allocates nothing. No hypercall cost is modelled: hosts batch and offload this in too many ways.
/// </summary>
internal sealed class EventFlagSignalPath : ISignalPath
{
    private readonly VirtualProcessor _target;
    private readonly int _sint;
    private readonly int _relid;
    private readonly InterruptPageView? _interruptPage;

    /// <summary>Makes the path of a channel with an event flag of its own, whose number is its relid.</summary>
    /// <param name="target">The VP that is signalled.</param>
    /// <param name="relid">The channel's relid, 0 to 2047.</param>
    /// <param name="sint">The SINT.</param>
    /// <param name="isMonitored">Whether a monitor of the channel is registered in this direction.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such flag or SINT.</exception>
    public EventFlagSignalPath(VirtualProcessor target, uint relid, int sint = SynicMsr.VmBusSint, bool isMonitored = false)
        : this(target, sint, isMonitored, relid, SynicEventFlags.FlagCount) => _interruptPage = null;

    /// <summary>
    /// Makes the path of a legacy channel: its bit in the receive half of the interrupt page, then event flag 0, which
    /// all channels share.
    /// </summary>
    /// <param name="target">The VP that is signalled.</param>
    /// <param name="relid">The channel's relid, 0 to 16383.</param>
    /// <param name="interruptPage">The interrupt page.</param>
    /// <param name="sint">The SINT.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such bit or SINT.</exception>
    public EventFlagSignalPath(VirtualProcessor target, uint relid, InterruptPageView interruptPage, int sint = SynicMsr.VmBusSint)
        : this(target, sint, isMonitored: false, relid, InterruptPage.BitsPerHalf) => _interruptPage = interruptPage;

    private EventFlagSignalPath(VirtualProcessor target, int sint, bool isMonitored, uint relid, int relidLimit)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(relid, (uint)relidLimit);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)sint, (uint)SynicMsr.SintCount, nameof(sint));
        _target = target;
        _sint = sint;
        _relid = (int)relid;
        Capabilities = isMonitored
            ? SignalCapabilities.Hypercall | SignalCapabilities.Monitor | SignalCapabilities.LatencyHint
            : SignalCapabilities.Hypercall;
    }

    /// <inheritdoc/>
    public SignalCapabilities Capabilities { get; }

    /// <inheritdoc/>
    public HypercallStatus Signal()
    {
        int flag = _relid;
        if (_interruptPage is { } page)
        {
            Interlocked.Or(ref page.Receive[_relid >> 6], 1UL << _relid);
            flag = 0;
        }
        return _target.Synic.SignalEvent(_sint, flag, out _);
    }
}
