// One message of a recorded conversation.

namespace VmBus.Protocol;

/// <summary>One message of a recorded conversation, as <see cref="IMessageObserver"/> was shown it.</summary>
/// <param name="Time">When, since the recording began; whole units of 100 ns, never negative.</param>
/// <param name="Direction">Which way it went.</param>
/// <param name="Negotiated">What was negotiated before it.</param>
/// <param name="Fault">What was wrong with it, for its receiver.</param>
/// <param name="Bytes">The message, header included; at most <see cref="MaxLength"/> bytes of it.</param>
/// <param name="Length">How many bytes it had: more than <paramref name="Bytes"/> where it was longer than what is kept.</param>
public sealed record RecordedMessage(
    TimeSpan Time, MessageDirection Direction, NegotiatedVersion Negotiated, MessageFault Fault, ReadOnlyMemory<byte> Bytes, int Length)
{
    /// <summary>The most bytes of a message a recording keeps. A message that is not too long has 240.</summary>
    public const int MaxLength = 1024;

    /// <summary>A message of which everything is kept.</summary>
    /// <param name="time">When.</param>
    /// <param name="direction">Which way it went.</param>
    /// <param name="negotiated">What was negotiated before it.</param>
    /// <param name="bytes">The message.</param>
    public static RecordedMessage Whole(TimeSpan time, MessageDirection direction, NegotiatedVersion negotiated, ReadOnlyMemory<byte> bytes) =>
        new(time, direction, negotiated, MessageFault.None, bytes, bytes.Length);
}
