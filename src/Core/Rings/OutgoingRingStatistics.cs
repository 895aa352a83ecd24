namespace VmBus;

/// <summary>What an <see cref="OutgoingRing"/> has counted since it was made.</summary>
/// <param name="Packets">Packets published.</param>
/// <param name="Bytes">Bytes of ring they took, descriptors and trailers included.</param>
/// <param name="Masked">Publications that needed no signal because the reader masked its interrupt.</param>
/// <param name="NotEmpty">Publications that needed no signal because the ring was not empty before.</param>
/// <param name="Required">Publications that needed a signal (<c>intr_out_empty</c>).</param>
/// <param name="FullTotal">Writes refused for lack of room (<c>out_full_total</c>).</param>
/// <param name="FullFirst">Times the ring became full: refusals in a row count once (<c>out_full_first</c>).</param>
internal readonly record struct OutgoingRingStatistics(
    long Packets, long Bytes, long Masked, long NotEmpty, long Required, long FullTotal, long FullFirst)
{
    /// <summary>Publications: one a write, one a batch.</summary>
    public long Published => Masked + NotEmpty + Required;
}
