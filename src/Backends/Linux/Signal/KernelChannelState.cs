// Mirrors struct vmbus_signal_state (src/Kernel/vmbus_signal.h).

using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>A snapshot of a channel of this guest in its kernel.</summary>
public sealed record KernelChannelState
{
    internal static KernelChannelState From(in SignalModuleState state) => new()
    {
        Relid = state.Relid,
        SubchannelIndex = state.Subchannel,
        IsOpen = Has(state, SignalModuleFlags.Open),
        MonitorId = state.MonitorId is var id and < 128 ? (int)id : null,
        IsLowLatency = Has(state, SignalModuleFlags.LowLatency),
        IsKept = Has(state, SignalModuleFlags.Kept),
        IsRequested = Has(state, SignalModuleFlags.Held),
        Requests = state.Holders,
        IsUio = Has(state, SignalModuleFlags.Uio),
        MayRequest = Has(state, SignalModuleFlags.MaySignal),
        MayKeep = Has(state, SignalModuleFlags.MayKeep),
        ConnectionId = state.ConnectionId,
        VpIndex = state.TargetCpu,
        Hypercalls = state.Hypercalls,
        Interrupts = state.Interrupts,
    };

    /// <summary>The relid.</summary>
    public required uint Relid { get; init; }

    /// <summary>Its index among the channels of its device: 0 for the primary.</summary>
    public uint SubchannelIndex { get; init; }

    /// <summary>Whether a driver has it open.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Its monitor, 0 to 127; <see langword="null"/> if it has none: each signal is then a hypercall anyway.</summary>
    public int? MonitorId { get; init; }

    /// <summary>The flag: <c>low_latency</c> of <c>struct vmbus_channel</c>.</summary>
    public bool IsLowLatency { get; init; }

    /// <summary>Whether the flag stays set after all descriptors that requested it are closed.</summary>
    public bool IsKept { get; init; }

    /// <summary>Whether this <see cref="KernelChannel"/> requests the flag.</summary>
    public bool IsRequested { get; init; }

    /// <summary>How many descriptors of all processes request the flag.</summary>
    public uint Requests { get; init; }

    /// <summary>Whether its driver is <c>uio_hv_generic</c>, which signals no host by itself: the flag does nothing there.</summary>
    public bool IsUio { get; init; }

    /// <summary>Whether this <see cref="KernelChannel"/> can signal, and request the flag until it is closed.</summary>
    public bool MayRequest { get; init; }

    /// <summary>Whether this <see cref="KernelChannel"/> can keep the flag set.</summary>
    public bool MayKeep { get; init; }

    /// <summary>The connection id of the hypercall.</summary>
    public uint ConnectionId { get; init; }

    /// <summary>The virtual processor that the host interrupts.</summary>
    public uint VpIndex { get; init; }

    /// <summary>
    /// Signals by hypercall, including the driver's own: <c>events</c> of sysfs. The kernel does not count signals by monitor.
    /// </summary>
    public ulong Hypercalls { get; init; }

    /// <summary>Interrupts of the host: <c>interrupts</c> of sysfs.</summary>
    public ulong Interrupts { get; init; }

    private static bool Has(in SignalModuleState state, SignalModuleFlags flag) => (state.Flags & flag) != 0;
}
