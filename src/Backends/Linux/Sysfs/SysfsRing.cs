namespace VmBus.Linux;

/// <summary>What sysfs shows of one ring of a primary channel: the files <c>out_*</c> or <c>in_*</c> of a device.</summary>
/// <param name="InterruptMask"><c>intr_mask</c>: 1 when the reader wants no signal.</param>
/// <param name="ReadIndex"><c>read_index</c>, in bytes.</param>
/// <param name="WriteIndex"><c>write_index</c>, in bytes.</param>
/// <param name="BytesToRead"><c>read_bytes_avail</c>.</param>
/// <param name="BytesToWrite"><c>write_bytes_avail</c>.</param>
internal sealed record SysfsRing(uint? InterruptMask, uint? ReadIndex, uint? WriteIndex, uint? BytesToRead, uint? BytesToWrite)
{
    /// <summary>Reads one; <see langword="null"/> when nothing of it can be read: the channel is not open.</summary>
    internal static SysfsRing? Read(SysfsFolder device, string prefix)
    {
        SysfsRing ring = new(
            device.Word(prefix + "_intr_mask"), device.Word(prefix + "_read_index"), device.Word(prefix + "_write_index"),
            device.Word(prefix + "_read_bytes_avail"), device.Word(prefix + "_write_bytes_avail"));
        return ring == new SysfsRing(null, null, null, null, null) ? null : ring;
    }
}
