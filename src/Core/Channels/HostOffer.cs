// What a device offers a guest. What OfferParams is to OpenVMM (vmbus_channel bus.rs); the wire form is vmbus_channel_offer
// (Linux include/linux/hyperv.h).

using VmBus.Layout;

namespace VmBus;

/// <summary>A channel as a device offers it. Type, instance and subchannel index together name it.</summary>
/// <param name="InterfaceType">The class of the device.</param>
/// <param name="InterfaceInstance">Which device of the class.</param>
public sealed record HostOffer(Guid InterfaceType, Guid InterfaceInstance)
{
    /// <summary>0 for a primary channel; subchannels of the same device count from 1.</summary>
    public ushort SubchannelIndex { get; init; }

    /// <summary>
    /// The flags the guest sees. Those of features that were not negotiated (confidential memory, pinning) are taken out.
    /// </summary>
    public OfferFlags Flags { get; init; }

    /// <summary>The device's own bytes, at most 120. Of a pipe the first four are its mode.</summary>
    public ReadOnlyMemory<byte> UserData { get; init; }

    /// <summary>What a pipe-mode channel carries; <see langword="null"/> where it is none.</summary>
    public PipeMode? PipeMode { get; init; }

    /// <summary>How much memory-mapped I/O space the device needs, in MiB.</summary>
    public ushort MmioMegabytes { get; init; }

    /// <summary>How much more of it the device could use, in MiB.</summary>
    public ushort MmioMegabytesOptional { get; init; }

    /// <summary>
    /// The latency of the channel's monitor, 0.1 to 6553.5 µs in steps of 100 ns; <see langword="null"/> where the guest is to
    /// signal by hypercall. A guest gets no monitor when it has no monitor pages, or when every monitor id is taken.
    /// </summary>
    public TimeSpan? MonitorLatency { get; init; }

    /// <summary>
    /// Whether the guest signals without the interrupt page. Never before 2.4, always from 5.0 on, where there is no such page.
    /// </summary>
    public bool HasDedicatedInterrupt { get; init; } = true;

    /// <summary>The relid the channel is to have; <see langword="null"/> for the lowest that is free.</summary>
    public uint? Relid { get; init; }
}
