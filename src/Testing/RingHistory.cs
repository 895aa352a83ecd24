namespace VmBus.Testing;

/// <summary>
/// What was written to a ring and read from it before a test begins: it puts a ring into any state that correct ends can reach.
/// Immutable. <see cref="VmBusArbitraries.RingHistories"/> makes them for FsCheck.
/// </summary>
/// <param name="DataSize">The ring's data in bytes, for <see cref="RingMemory.Allocate"/>.</param>
/// <param name="Steps">What was done, in order.</param>
public sealed record RingHistory(int DataSize, IReadOnlyList<RingStep> Steps)
{
    /// <summary>Does it on a ring. A packet that has no room is not written, as by a sender that gives up.</summary>
    /// <param name="outgoing">The writing end; nothing was written to it yet.</param>
    /// <param name="incoming">The reading end of the same ring.</param>
    /// <returns>The packets that were written and not read, oldest first: what the ring holds now.</returns>
    /// <exception cref="InvalidDataException">The ring gave another packet than was written.</exception>
    public IReadOnlyList<TestPacket> Play(OutgoingRing outgoing, IncomingRing incoming)
    {
        ArgumentNullException.ThrowIfNull(outgoing);
        ArgumentNullException.ThrowIfNull(incoming);
        var unread = new Queue<TestPacket>();
        foreach (RingStep step in Steps)
        {
            if (step.Write is { } packet)
            {
                if (outgoing.TryWrite(packet.Payload, packet.TransactionId, packet.Flags, out _))
                    unread.Enqueue(packet);
            }
            else
            {
                Read(incoming, unread, step.Read);
            }
        }
        return [.. unread];
    }

    /// <summary>Each step in a few words.</summary>
    public override string ToString() => $"ring of {DataSize} bytes: {(Steps.Count == 0 ? "nothing" : string.Join(", ", Steps))}";

    private static void Read(IncomingRing incoming, Queue<TestPacket> unread, int count)
    {
        IncomingBatch batch = incoming.ReadBatch();
        for (; count > 0 && batch.TryNext(out RingPacket read); count--)
        {
            if (!unread.TryDequeue(out TestPacket? written) || read.TransactionId != written.TransactionId || !read.Payload.SequenceEqual(written.Padded))
                throw new InvalidDataException($"The ring gave a packet of {read.Payload.Length} bytes, transaction id {read.TransactionId}, where it held {written?.ToString() ?? "none"}.");
        }
        batch.Commit();
    }
}
