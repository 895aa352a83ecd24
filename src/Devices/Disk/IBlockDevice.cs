// What a disk stores its blocks in. What the DiskIo trait is to OpenVMM (disk_backend) and a block driver to QEMU.

namespace VmBus.Devices;

/// <summary>Storage that a <see cref="ScsiController"/> shows a guest as a disk. Calls may run beside each other, from any thread.</summary>
/// <remarks>
/// <para>Offsets and lengths are bytes, multiples of <see cref="BlockSize"/>, and lie within <see cref="Length"/>: the controller
/// checks what the guest asks for. A call may block its thread: the controller moves slow calls to pool threads.</para>
/// <para>A call that throws fails the guest's request only. An <see cref="IOException"/> is a medium error to the guest, or, when its
/// <see cref="Exception.HResult"/> says that the volume is full (<c>ENOSPC</c>, <c>ERROR_DISK_FULL</c>), a failed space allocation. An
/// <see cref="UnauthorizedAccessException"/> is write protection, and anything else a failure of the hardware.</para>
/// </remarks>
public interface IBlockDevice
{
    /// <summary>The bytes of a logical block. Every offset and length is a multiple of it.</summary>
    const int BlockSize = 512;

    /// <summary>How many bytes it holds: a multiple of <see cref="BlockSize"/>, at least one block. Read once, when it is attached.</summary>
    long Length { get; }

    /// <summary>Whether it is read-only: the guest sees that, and its writes are refused. Read once.</summary>
    bool IsReadOnly { get; }

    /// <summary>
    /// Whether <see cref="UnmapAsync"/> may be called, and what was unmapped reads as zeros: the guest sees a thin disk.
    /// Read once.
    /// </summary>
    bool CanUnmap { get; }

    /// <summary>Reads blocks.</summary>
    /// <param name="offset">Where the first begins.</param>
    /// <param name="destination">Filled.</param>
    ValueTask ReadAsync(long offset, Memory<byte> destination);

    /// <summary>Writes blocks. They need not be on stable storage before a <see cref="FlushAsync"/> that begins later has ended.</summary>
    /// <param name="offset">Where the first begins.</param>
    /// <param name="source">The bytes.</param>
    ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source);

    /// <summary>Ends when every write and unmap that had ended before the call is on stable storage.</summary>
    ValueTask FlushAsync();

    /// <summary>Gives blocks back: they read as zeros.</summary>
    /// <param name="offset">Where the first begins.</param>
    /// <param name="length">How many bytes.</param>
    ValueTask UnmapAsync(long offset, long length);
}
