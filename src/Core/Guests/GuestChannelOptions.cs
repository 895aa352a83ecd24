// How a guest opens a channel. Mirrors the arguments of vmbus_open (Linux drivers/hv/channel.c).

using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>How a channel is opened.</summary>
public sealed record GuestChannelOptions
{
    /// <summary>A value for <see cref="TargetVp"/>: the host sends no interrupts, and the guest polls.</summary>
    public const uint InterruptsDisabled = OpenChannel.InterruptsDisabled;

    /// <summary>Bytes in the data area of the ring that the guest writes: whole pages.</summary>
    public int OutgoingSize { get; init; } = 64 * 1024;

    /// <summary>Bytes in the data area of the ring that the guest reads: whole pages.</summary>
    public int IncomingSize { get; init; } = 64 * 1024;

    /// <summary>The index of the VP that the host interrupts, or <see cref="InterruptsDisabled"/>.</summary>
    public uint TargetVp { get; init; }

    /// <summary>Data for the device, at most 120 bytes.</summary>
    public ReadOnlyMemory<byte> UserData { get; init; }

    /// <summary>The guest's initial signal mode, if the channel has a monitor.</summary>
    public SignalMode SignalMode { get; init; } = SignalMode.Monitored;

    /// <summary>How far the host is trusted.</summary>
    public PeerTrust Trust { get; init; } = PeerTrust.Trusted;

    /// <summary>Whether several threads can send at once.</summary>
    public bool MultiProducer { get; init; }

    /// <summary>When an adaptive channel switches; <see langword="null"/> for the defaults.</summary>
    public AdaptiveOptions? Adaptive { get; init; }

    /// <summary>
    /// The connection that the guest signals; by default the one in the offer. A different one needs
    /// <see cref="FeatureFlags.GuestSpecifiedSignalParameters"/>.
    /// </summary>
    public uint? ConnectionId { get; init; }

    /// <summary>
    /// The event flag that the host sets, 1 to 2047; by default the relid. A different one needs
    /// <see cref="FeatureFlags.GuestSpecifiedSignalParameters"/>.
    /// </summary>
    public ushort? EventFlag { get; init; }

    /// <summary>
    /// Whether the channel is independent of the connection, from 4.0 on: it outlives it and has no monitor and no interrupts,
    /// so the guest polls it. The host's answers about it go to <see cref="TargetVp"/>.
    /// </summary>
    public bool IsReserved { get; init; }

    /// <summary>Whether the host's interrupts are redirected; needs <see cref="FeatureFlags.ChannelInterruptRedirection"/>.</summary>
    public bool RedirectInterrupt { get; init; }
}
