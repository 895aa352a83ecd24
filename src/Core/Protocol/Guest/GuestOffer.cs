// A channel as the host offers it. Mirrors vmbus_channel_offer_channel, and what vmbus_setup_channel_state makes of it
// (Linux drivers/hv/channel_mgmt.c).

using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>A channel as the host offers it.</summary>
public sealed record GuestOffer
{
    /// <summary>
    /// The connection through which every channel of a 0.13 host is signalled: <c>VMBUS_EVENT_CONNECTION_ID</c>.
    /// </summary>
    public const uint SharedConnectionId = 2;

    private const int UserDataOffset = 60;

    /// <summary>The channel's number on this connection, 1 to 2047.</summary>
    public required uint Relid { get; init; }

    /// <summary>The relid of the primary channel; for a primary channel its own.</summary>
    public required uint PrimaryRelid { get; init; }

    /// <summary>The class of the device.</summary>
    public required Guid InterfaceType { get; init; }

    /// <summary>Which device of the class.</summary>
    public required Guid InterfaceInstance { get; init; }

    /// <summary>0 for the primary channel of the device.</summary>
    public required ushort SubchannelIndex { get; init; }

    /// <summary>The channel's monitor, 0 to 127; <see langword="null"/> when it has none.</summary>
    public required int? MonitorId { get; init; }

    /// <summary>The connection through which to signal the host.</summary>
    public required uint ConnectionId { get; init; }

    /// <summary>
    /// Whether the channel has its own event flag; otherwise it shares one, and the interrupt page identifies the channel.
    /// </summary>
    public required bool HasDedicatedInterrupt { get; init; }

    /// <summary>The flags of the channel.</summary>
    public required OfferFlags Flags { get; init; }

    /// <summary>The device's data: 120 bytes.</summary>
    public ReadOnlyMemory<byte> UserData => Message.Slice(UserDataOffset, UserDefinedData.Size);

    /// <summary>
    /// What the channel carries if it is a pipe; otherwise <see langword="null"/>. The value from the host can be an unknown
    /// mode.
    /// </summary>
    public required PipeMode? PipeMode { get; init; }

    /// <summary>How long the host expects a signal of the guest to wait; zero if the host does not state it.</summary>
    public required TimeSpan InterruptLatency { get; init; }

    /// <summary>The memory-mapped I/O space the device needs, in MiB.</summary>
    public required ushort MmioMegabytes { get; init; }

    /// <summary>The additional memory-mapped I/O space the device could use, in MiB.</summary>
    public required ushort MmioMegabytesOptional { get; init; }

    /// <summary>The received message, including its header.</summary>
    public required ReadOnlyMemory<byte> Message { get; init; }

    /// <summary>Whether it is the device's first channel.</summary>
    public bool IsPrimary => SubchannelIndex == 0;

    /// <summary>Whether the host answers a transport connect of the guest with it, and not with a connect of its own.</summary>
    internal bool AnswersTransportConnect => (Flags & OfferFlags.TlnpiProviderOffer) != 0 && UserData.Span[sizeof(PipeMode)] == 0;

    // Before 1.1 the message ends with the monitor, and nothing behind it is looked at even if it is there.
    internal static GuestOffer Read(ReadOnlySpan<byte> message, NegotiatedVersion negotiated, uint primaryRelid)
    {
        OfferChannel offer = ChannelMessages.Read<OfferChannel>(message);
        bool hasSignalFields = negotiated.Version > ProtocolVersion.Ws2008;
        return new GuestOffer
        {
            Relid = offer.ChildRelid,
            PrimaryRelid = offer.Offer.SubchannelIndex == 0 ? offer.ChildRelid : primaryRelid,
            InterfaceType = offer.Offer.InterfaceType,
            InterfaceInstance = offer.Offer.InterfaceInstance,
            SubchannelIndex = offer.Offer.SubchannelIndex,
            MonitorId = offer.IsMonitorAllocated ? offer.MonitorId : null,
            ConnectionId = hasSignalFields ? offer.ConnectionId : SharedConnectionId,
            HasDedicatedInterrupt = hasSignalFields && offer.IsDedicatedInterrupt,
            Flags = offer.Offer.Flags,
            PipeMode = (offer.Offer.Flags & OfferFlags.NamedPipeMode) != 0 ? offer.Offer.Pipe.Mode : null,
            InterruptLatency = TimeSpan.FromTicks((long)Math.Min(offer.Offer.InterruptLatency, long.MaxValue)),
            MmioMegabytes = offer.Offer.MmioMegabytes,
            MmioMegabytesOptional = offer.Offer.MmioMegabytesOptional,
            Message = message.ToArray(),
        };
    }
}
