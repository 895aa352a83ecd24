// How many messages were not taken, and why.

namespace VmBus.Protocol;

/// <summary>Counts of messages that were not taken, by <see cref="MessageFault"/>. Not thread-safe.</summary>
internal sealed class MessageFaultCounts
{
    private readonly long[] _counts = new long[(int)MessageFault.LimitExceeded + 1];

    /// <summary>How many had one fault.</summary>
    public long this[MessageFault fault] => _counts[(int)fault];

    /// <summary>How many had any.</summary>
    public long Total => _counts.Sum();

    internal void Count(MessageFault fault) => _counts[(int)fault]++;
}
