namespace VmBus.Testing;

/// <summary>One step of a <see cref="RingHistory"/>: a packet that is written, or packets that are read in one batch.</summary>
/// <param name="Write">The packet; <see langword="null"/> for a read.</param>
/// <param name="Read">The maximum number of packets to read.</param>
public sealed record RingStep(TestPacket? Write, int Read)
{
    /// <inheritdoc/>
    public override string ToString() => Write is null ? $"read {Read}" : $"write {Write.Payload.Length} bytes";
}
