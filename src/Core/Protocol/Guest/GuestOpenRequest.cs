// How a guest wants a channel opened. Mirrors the arguments of vmbus_open (Linux drivers/hv/channel.c) and OpenChannel2
// (OpenVMM vmbus_core protocol.rs).

using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>How a channel is to be opened.</summary>
internal sealed record GuestOpenRequest
{
    /// <summary>As <see cref="TargetVp"/>: the host sends no interrupts.</summary>
    public const uint InterruptsDisabled = OpenChannel.InterruptsDisabled;

    /// <summary>The GPADL of both rings; created for the same channel.</summary>
    public required uint Gpadl { get; init; }

    /// <summary>The VP the host interrupts, by index, or <see cref="InterruptsDisabled"/>.</summary>
    public uint TargetVp { get; init; }

    /// <summary>Where in the GPADL the host's outgoing ring begins, in pages of 4096 bytes.</summary>
    public required uint DownstreamPageOffset { get; init; }

    /// <summary>For the device, at most 120 bytes.</summary>
    public ReadOnlyMemory<byte> UserData { get; init; }

    /// <summary>
    /// The connection the guest signals; the offer's own by default. Another one needs
    /// <see cref="FeatureFlags.GuestSpecifiedSignalParameters"/>.
    /// </summary>
    public uint? ConnectionId { get; init; }

    /// <summary>
    /// The event flag the host sets, 0 to 2047; the relid by default. Another one needs
    /// <see cref="FeatureFlags.GuestSpecifiedSignalParameters"/>.
    /// </summary>
    public ushort? EventFlag { get; init; }

    /// <summary>Whether the host's interrupts are redirected; needs <see cref="FeatureFlags.ChannelInterruptRedirection"/>.</summary>
    public bool RedirectInterrupt { get; init; }
}
