namespace VmBus.Tool;

/// <summary>What the far end of a copy has seen.</summary>
/// <param name="Bytes">Bytes received and written.</param>
/// <param name="Packets">Packets read.</param>
/// <param name="Wakeups">Signals that woke the far end.</param>
/// <param name="Sha256">The digest of what came out of the ring, 32 bytes.</param>
internal sealed record SavedFile(long Bytes, long Packets, long Wakeups, byte[] Sha256);
