// What a device offers a guest. What OfferParams is to OpenVMM (vmbus_channel bus.rs); the wire form is vmbus_channel_offer
// (Linux include/linux/hyperv.h).

using VmBus.Layout;

namespace VmBus;

/// <summary>A channel as a device offers it. Type, instance and subchannel index identify it.</summary>
/// <param name="InterfaceType">The class of the device.</param>
/// <param name="InterfaceInstance">Which device of the class.</param>
public sealed record HostOffer(Guid InterfaceType, Guid InterfaceInstance)
{
    /// <summary>0 for a primary channel; subchannels of the same device count from 1.</summary>
    public ushort SubchannelIndex { get; init; }

    /// <summary>
    /// The flags the guest sees. Flags of features that were not negotiated (confidential memory, pinning) are cleared.
    /// </summary>
    public OfferFlags Flags { get; init; }

    /// <summary>Device-specific data, at most 120 bytes. For a pipe, the first four bytes are its mode.</summary>
    public ReadOnlyMemory<byte> UserData { get; init; }

    /// <summary>What a pipe-mode channel carries; <see langword="null"/> if the channel is not in pipe mode.</summary>
    public PipeMode? PipeMode { get; init; }

    /// <summary>How much memory-mapped I/O space the device needs, in MiB.</summary>
    public ushort MmioMegabytes { get; init; }

    /// <summary>How much more memory-mapped I/O space the device could use, in MiB.</summary>
    public ushort MmioMegabytesOptional { get; init; }

    /// <summary>
    /// The latency of the channel's monitor, 0.1 to 6553.5 µs in steps of 100 ns; <see langword="null"/> if the guest must
    /// signal by hypercall. A guest gets no monitor if it has no monitor pages, or if all monitor ids are in use.
    /// </summary>
    public TimeSpan? MonitorLatency { get; init; }

    /// <summary>
    /// Whether the guest signals without the interrupt page. Never before 2.4; always from 5.0 on, which has no such page.
    /// </summary>
    public bool HasDedicatedInterrupt { get; init; } = true;

    /// <summary>The relid to assign to the channel; <see langword="null"/> for the lowest free one.</summary>
    public uint? Relid { get; init; }
}
