// Who watches a connection's conversation.

namespace VmBus.Protocol;

/// <summary>Observes the messages of a connection at one end.</summary>
public interface IMessageObserver
{
    /// <summary>A message was received, or was accepted by the other side.</summary>
    /// <param name="direction">The direction of the message.</param>
    /// <param name="message">The message, including its header; valid during the call.</param>
    /// <param name="negotiated">What was negotiated before it.</param>
    /// <param name="fault">The fault of the message; only a received message can have one.</param>
    void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault);
}
