// Describes the messages of one connection in their order: some can be told only by one that came before.

using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>Describes the messages of one connection in their order. Not thread-safe; holds nothing but a version.</summary>
internal sealed class MessageDescriber
{
    private ProtocolVersion _proposed;

    /// <summary>Describes the next message.</summary>
    /// <param name="message">The message.</param>
    public MessageDescription Describe(RecordedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        ReadOnlySpan<byte> bytes = message.Bytes.Span;
        if (message.Direction == MessageDirection.GuestToHost
            && bytes.Length >= InitiateContact.Size
            && ChannelMessages.Read<ChannelMessageHeader>(bytes).MessageType == ChannelMessageType.InitiateContact)
        {
            _proposed = ChannelMessages.Read<InitiateContact>(bytes).VersionRequested;
        }

        return MessageDescription.Of(bytes, message.Negotiated, _proposed, message.Fault, message.Length);
    }
}
