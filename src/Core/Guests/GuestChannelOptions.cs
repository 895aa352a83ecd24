// How a guest opens a channel. Mirrors the arguments of vmbus_open (Linux drivers/hv/channel.c).

using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Guests;

/// <summary>How a channel is opened.</summary>
public sealed record GuestChannelOptions
{
    /// <summary>As <see cref="TargetVp"/>: the host sends no interrupts, the guest polls.</summary>
    public const uint InterruptsDisabled = OpenChannel.InterruptsDisabled;

    /// <summary>Bytes of data of the ring the guest writes: whole pages.</summary>
    public int OutgoingSize { get; init; } = 64 * 1024;

    /// <summary>Bytes of data of the ring the guest reads: whole pages.</summary>
    public int IncomingSize { get; init; } = 64 * 1024;

    /// <summary>The VP the host interrupts, by index, or <see cref="InterruptsDisabled"/>.</summary>
    public uint TargetVp { get; init; }

    /// <summary>For the device, at most 120 bytes.</summary>
    public ReadOnlyMemory<byte> UserData { get; init; }

    /// <summary>How the guest signals at first, where the channel has a monitor.</summary>
    public SignalMode SignalMode { get; init; } = SignalMode.Monitored;

    /// <summary>How far the host is trusted.</summary>
    public PeerTrust Trust { get; init; } = PeerTrust.Trusted;

    /// <summary>Whether several threads send at once.</summary>
    public bool MultiProducer { get; init; }

    /// <summary>When an adaptive channel changes; <see langword="null"/> for the defaults.</summary>
    public AdaptiveOptions? Adaptive { get; init; }

    /// <summary>
    /// The connection the guest signals; the offer's own by default. Another one needs
    /// <see cref="FeatureFlags.GuestSpecifiedSignalParameters"/>.
    /// </summary>
    public uint? ConnectionId { get; init; }

    /// <summary>
    /// The event flag the host sets, 1 to 2047; the relid by default. Another one needs
    /// <see cref="FeatureFlags.GuestSpecifiedSignalParameters"/>.
    /// </summary>
    public ushort? EventFlag { get; init; }

    /// <summary>
    /// Whether the channel is opened beside the connection, from 4.0 on: it outlives it, has no monitor and no interrupts,
    /// and so is polled. The host's answers about it go to <see cref="TargetVp"/>.
    /// </summary>
    public bool IsReserved { get; init; }

    /// <summary>Whether the host's interrupts are redirected; needs <see cref="FeatureFlags.ChannelInterruptRedirection"/>.</summary>
    public bool RedirectInterrupt { get; init; }
}
