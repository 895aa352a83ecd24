namespace VmBus.Testing;

/// <summary>
/// The writes and reads of a ring before a test begins. They can put a ring into any state that correct ends can reach.
/// Immutable. <see cref="VmBusArbitraries.RingHistories"/> generates them for FsCheck.
/// </summary>
/// <param name="DataSize">The ring's data in bytes, for <see cref="RingMemory.Allocate"/>.</param>
/// <param name="Steps">The steps, in order.</param>
public sealed record RingHistory(int DataSize, IReadOnlyList<RingStep> Steps)
{
    /// <summary>Plays the steps on a ring. A packet without room is not written, as if its sender gave up.</summary>
    /// <param name="outgoing">The writing end; nothing was written to it yet.</param>
    /// <param name="incoming">The reading end of the same ring.</param>
    /// <returns>The packets that were written and not read, oldest first: what the ring holds now.</returns>
    /// <exception cref="InvalidDataException">The ring returned a packet that differs from the one written.</exception>
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

    /// <summary>A short text of each step.</summary>
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
