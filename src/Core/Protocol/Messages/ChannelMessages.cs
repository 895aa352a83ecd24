// The bytes of channel messages: checked, read, written. The numbers and sizes are those of OpenVMM vmbus_core
// protocol.rs and Linux include/linux/hyperv.h; which version has which is from the former.

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>Checks, reads and writes channel messages. All fields are little-endian. Thread-safe.</summary>
internal static class ChannelMessages
{
    /// <summary>The longest message in bytes: what a SynIC message carries.</summary>
    public const int MaxLength = SynicMessagePayload.Size;

    /// <summary>The bytes of an offer before 1.1: it ends behind <see cref="OfferChannel.MonitorFlags"/>.</summary>
    public const int FirstOfferSize = 190;

    /// <summary>The bytes of a version response that every version has: it ends behind the connection state.</summary>
    public const int FirstVersionResponseSize = 10;

    private static readonly ChannelMessageRule?[] Rules = MakeRules();

    /// <summary>Every message there is, by number.</summary>
    public static IEnumerable<ChannelMessageRule> All => Rules.OfType<ChannelMessageRule>();

    /// <summary>The rule of a message.</summary>
    /// <returns>The rule; <see langword="null"/> when no message has that number.</returns>
    public static ChannelMessageRule? Rule(ChannelMessageType type) => (uint)type < (uint)Rules.Length ? Rules[(int)type] : null;

    /// <summary>Checks that a message may come at all, and is long enough for <see cref="Read{T}"/>.</summary>
    /// <param name="message">The message, header included; a private copy, not shared memory.</param>
    /// <param name="direction">Which way it came.</param>
    /// <param name="negotiated">What was negotiated.</param>
    /// <param name="type">Its number, where it has a whole header; otherwise <see cref="ChannelMessageType.Invalid"/>.</param>
    /// <returns>What is wrong with it, or <see cref="MessageFault.None"/>.</returns>
    public static MessageFault Check(ReadOnlySpan<byte> message, MessageDirection direction, NegotiatedVersion negotiated, out ChannelMessageType type)
    {
        type = ChannelMessageType.Invalid;
        if (message.Length < ChannelMessageHeader.Size)
            return MessageFault.TooShort;
        type = MemoryMarshal.Read<ChannelMessageHeader>(message).MessageType;
        if (message.Length > MaxLength)
            return MessageFault.TooLong;
        if (Rule(type) is not { } rule)
            return MessageFault.UnknownType;
        if (rule.Direction != direction)
            return MessageFault.WrongDirection;
        if (!rule.AnyTime && (negotiated.IsNegotiated || !rule.OutlivesConnection))
        {
            if (!negotiated.IsNegotiated)
                return MessageFault.NotConnected;
            if (negotiated.Version < rule.Since)
                return MessageFault.NotInVersion;
            if (!negotiated.Has(rule.Features))
                return MessageFault.FeatureNotNegotiated;
        }
        return message.Length < rule.MinimumLength(negotiated) ? MessageFault.TooShort : MessageFault.None;
    }

    /// <summary>Reads a message, or the head of one.</summary>
    /// <typeparam name="T">Its layout.</typeparam>
    /// <param name="message">
    /// The message, header included. Where it is shorter than the layout, because an older version ends earlier, the rest
    /// reads as zeros.
    /// </param>
    public static T Read<T>(ReadOnlySpan<byte> message) where T : unmanaged
    {
        T value = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<T>(ref value));
        message[..Math.Min(message.Length, bytes.Length)].CopyTo(bytes);
        return value;
    }

    /// <summary>The bytes of a message, with its number in the header.</summary>
    /// <typeparam name="T">Its layout; the header lies at its start.</typeparam>
    /// <param name="type">Its number.</param>
    /// <param name="message">The message.</param>
    /// <param name="length">How many bytes of it this version has; all of them by default.</param>
    public static byte[] ToBytes<T>(ChannelMessageType type, in T message, int length = -1) where T : unmanaged
    {
        ReadOnlySpan<byte> all = MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in message));
        byte[] bytes = (length < 0 ? all : all[..length]).ToArray();
        var header = new ChannelMessageHeader(type);
        MemoryMarshal.Write(bytes, in header);
        return bytes;
    }

    /// <summary>The bytes of a message that is nothing but its header.</summary>
    public static byte[] ToBytes(ChannelMessageType type) => ToBytes(type, new ChannelMessageHeader(type));

    private static ChannelMessageRule?[] MakeRules()
    {
        var rules = new ChannelMessageRule?[(int)ChannelMessageType.Resume + 1];
        ProtocolVersion first = ProtocolVersion.Ws2008;

        ToGuest(ChannelMessageType.OfferChannel, first, FirstOfferSize);
        ToGuest(ChannelMessageType.RescindOffer, first, RescindOffer.Size);
        ToHost(ChannelMessageType.RequestOffers, first, RequestOffers.Size);
        ToGuest(ChannelMessageType.AllOffersDelivered, first, AllOffersDelivered.Size);
        ToHost(ChannelMessageType.OpenChannel, first, OpenChannel.Size);
        ToGuest(ChannelMessageType.OpenChannelResult, first, OpenChannelResult.Size);
        ToHost(ChannelMessageType.CloseChannel, first, CloseChannel.Size);
        ToHost(ChannelMessageType.GpadlHeader, first, GpadlHeader.Size);
        ToHost(ChannelMessageType.GpadlBody, first, GpadlBody.Size);
        ToGuest(ChannelMessageType.GpadlCreated, first, GpadlCreated.Size);
        ToHost(ChannelMessageType.GpadlTeardown, first, GpadlTeardown.Size);
        ToGuest(ChannelMessageType.GpadlTorndown, first, GpadlTorndown.Size);
        ToHost(ChannelMessageType.RelidReleased, first, RelidReleased.Size, outlivesConnection: true);
        ToHost(ChannelMessageType.InitiateContact, first, InitiateContact.Size, anyTime: true);
        ToGuest(ChannelMessageType.VersionResponse, first, FirstVersionResponseSize, anyTime: true);
        ToHost(ChannelMessageType.Unload, first, Unload.Size, anyTime: true);
        ToGuest(ChannelMessageType.UnloadResponse, ProtocolVersion.Win7, UnloadResponse.Size, anyTime: true);
        ToHost(ChannelMessageType.OpenReservedChannel, ProtocolVersion.Win10, OpenReservedChannel.Size);
        ToHost(ChannelMessageType.CloseReservedChannel, ProtocolVersion.Win10, CloseReservedChannel.Size, outlivesConnection: true);
        ToGuest(ChannelMessageType.CloseReservedChannelResponse, ProtocolVersion.Win10, CloseReservedChannelResponse.Size, outlivesConnection: true);
        ToHost(ChannelMessageType.TlConnectRequest, ProtocolVersion.Win10, TlConnectRequest.Size);
        ToHost(ChannelMessageType.ModifyChannel, ProtocolVersion.Win10Rs3, ModifyChannel.Size);
        ToGuest(ChannelMessageType.TlConnectResult, ProtocolVersion.Win10Rs3, TlConnectResult.Size);
        ToGuest(ChannelMessageType.ModifyChannelResponse, ProtocolVersion.Iron, ModifyChannelResponse.Size);
        ToHost(ChannelMessageType.ModifyConnection, ProtocolVersion.Copper, ModifyConnection.Size, FeatureFlags.ModifyConnection);
        ToGuest(ChannelMessageType.ModifyConnectionResponse, ProtocolVersion.Copper, ModifyConnectionResponse.Size, FeatureFlags.ModifyConnection);
        ToHost(ChannelMessageType.Pause, ProtocolVersion.Copper, Pause.Size, FeatureFlags.PauseResume);
        ToGuest(ChannelMessageType.PauseResponse, ProtocolVersion.Copper, PauseResponse.Size, FeatureFlags.PauseResume);
        ToHost(ChannelMessageType.Resume, ProtocolVersion.Copper, Resume.Size, FeatureFlags.PauseResume);
        return rules;

        void ToHost(ChannelMessageType type, ProtocolVersion since, int size, FeatureFlags features = FeatureFlags.None, bool anyTime = false, bool outlivesConnection = false) =>
            rules[(int)type] = new ChannelMessageRule(type, MessageDirection.GuestToHost, since, features, size, anyTime, outlivesConnection);

        void ToGuest(ChannelMessageType type, ProtocolVersion since, int size, FeatureFlags features = FeatureFlags.None, bool anyTime = false, bool outlivesConnection = false) =>
            rules[(int)type] = new ChannelMessageRule(type, MessageDirection.HostToGuest, since, features, size, anyTime, outlivesConnection);
    }
}
