// One message of a recorded conversation.

namespace VmBus.Protocol;

/// <summary>One message of a recorded conversation, as an <see cref="IMessageObserver"/> received it.</summary>
/// <param name="Time">The time since the recording began; whole units of 100 ns, never negative.</param>
/// <param name="Direction">The direction of the message.</param>
/// <param name="Negotiated">What was negotiated before it.</param>
/// <param name="Fault">The fault that its receiver found.</param>
/// <param name="Bytes">The message, including its header; at most its first <see cref="MaxLength"/> bytes.</param>
/// <param name="Length">The message's length; more than <paramref name="Bytes"/> has if the message was cut.</param>
public sealed record RecordedMessage(
    TimeSpan Time, MessageDirection Direction, NegotiatedVersion Negotiated, MessageFault Fault, ReadOnlyMemory<byte> Bytes, int Length)
{
    /// <summary>The maximum number of bytes that a recording keeps of a message. A valid message has at most 240.</summary>
    public const int MaxLength = 1024;

    /// <summary>Creates a message that is kept completely.</summary>
    /// <param name="time">The time since the recording began.</param>
    /// <param name="direction">The direction of the message.</param>
    /// <param name="negotiated">What was negotiated before it.</param>
    /// <param name="bytes">The message.</param>
    public static RecordedMessage Whole(TimeSpan time, MessageDirection direction, NegotiatedVersion negotiated, ReadOnlyMemory<byte> bytes) =>
        new(time, direction, negotiated, MessageFault.None, bytes, bytes.Length);
}
