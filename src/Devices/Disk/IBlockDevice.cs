// What a disk stores its blocks in. What the DiskIo trait is to OpenVMM (disk_backend) and a block driver to QEMU.

namespace VmBus.Devices;

/// <summary>
/// Storage that a <see cref="ScsiController"/> presents to a guest as a disk. Calls can run concurrently, on any thread.
/// </summary>
/// <remarks>
/// <para>Offsets and lengths are bytes, multiples of <see cref="BlockSize"/>, and are within <see cref="Length"/>: the controller
/// checks the guest's requests. A call can block its thread: the controller moves slow calls to pool threads.</para>
/// <para>A call that throws fails only the guest's request. The guest sees an <see cref="IOException"/> as a medium error or,
/// if its <see cref="Exception.HResult"/> means that the volume is full (<c>ENOSPC</c>, <c>ERROR_DISK_FULL</c>), a failed space
/// allocation. An <see cref="UnauthorizedAccessException"/> is write protection; any other exception is a hardware
/// failure.</para>
/// </remarks>
public interface IBlockDevice
{
    /// <summary>The bytes of a logical block. Every offset and length is a multiple of it.</summary>
    const int BlockSize = 512;

    /// <summary>
    /// The size in bytes: a multiple of <see cref="BlockSize"/>, at least one block. Read once, when the disk is attached.
    /// </summary>
    long Length { get; }

    /// <summary>Whether the disk is read-only. The guest sees this, and its writes are refused. Read once.</summary>
    bool IsReadOnly { get; }

    /// <summary>
    /// Whether <see cref="UnmapAsync"/> can be called and unmapped blocks read as zeros: the guest sees a thin disk.
    /// Read once.
    /// </summary>
    bool CanUnmap { get; }

    /// <summary>Reads blocks.</summary>
    /// <param name="offset">The offset of the first block.</param>
    /// <param name="destination">Filled.</param>
    ValueTask ReadAsync(long offset, Memory<byte> destination);

    /// <summary>Writes blocks. They must be on stable storage only when a later <see cref="FlushAsync"/> has ended.</summary>
    /// <param name="offset">The offset of the first block.</param>
    /// <param name="source">The bytes.</param>
    ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source);

    /// <summary>Completes when every write and unmap that had ended before the call is on stable storage.</summary>
    ValueTask FlushAsync();

    /// <summary>Unmaps blocks: they then read as zeros.</summary>
    /// <param name="offset">The offset of the first block.</param>
    /// <param name="length">The number of bytes.</param>
    ValueTask UnmapAsync(long offset, long length);
}
