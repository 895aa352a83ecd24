namespace VmBus;

/// <summary>What an <see cref="IncomingRing"/> has counted since it was made.</summary>
/// <param name="Packets">Packets taken and committed.</param>
/// <param name="Bytes">Bytes of ring they took, descriptors and trailers included.</param>
/// <param name="Commits">Times room was given back: one a batch.</param>
/// <param name="WriterSignals">Commits after which the writer had to be told that there is room (<c>intr_in_full</c>).</param>
internal readonly record struct IncomingRingStatistics(long Packets, long Bytes, long Commits, long WriterSignals);
