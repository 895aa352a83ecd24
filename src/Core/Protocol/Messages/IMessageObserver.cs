// Who watches a connection's conversation.

namespace VmBus.Protocol;

/// <summary>Sees the messages of a connection as one end has them.</summary>
public interface IMessageObserver
{
    /// <summary>A message came, or was taken by the other side.</summary>
    /// <param name="direction">Which way it went.</param>
    /// <param name="message">The message, header included; valid during the call.</param>
    /// <param name="negotiated">What was negotiated before it.</param>
    /// <param name="fault">What was wrong with it; only a message that came has faults.</param>
    void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault);
}
