// A raw image: block n of the disk at byte 512 n of a file. What disk_file is to OpenVMM and format=raw to QEMU.

using Microsoft.Win32.SafeHandles;

namespace VmBus.Devices;

/// <summary>A raw disk image in a file. Dispose it when no controller uses it any more.</summary>
/// <remarks>
/// While it is open, no other <see cref="BlockFile"/> or <see cref="FileStream"/>, of any process, can open the file for
/// writing. Calls block their thread while the file system blocks.
/// </remarks>
public sealed class BlockFile : IBlockDevice, IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly Action<SafeFileHandle, long, long>? _deallocate;

    private BlockFile(SafeFileHandle file, long length, bool isReadOnly, Action<SafeFileHandle, long, long>? deallocate)
    {
        _file = file;
        Length = length;
        IsReadOnly = isReadOnly;
        _deallocate = isReadOnly ? null : deallocate;
    }

    /// <inheritdoc/>
    public long Length { get; }

    /// <inheritdoc/>
    public bool IsReadOnly { get; }

    /// <summary>Whether ranges of the file can be deallocated.</summary>
    public bool CanUnmap => _deallocate is not null;

    /// <summary>Opens an image.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isReadOnly">Whether to open it read-only; several processes can then open it.</param>
    /// <param name="deallocate">
    /// Deallocates a range of the file (offset and length), so that it reads as zeros and the file keeps its length
    /// (<c>fallocate</c> with <c>FALLOC_FL_PUNCH_HOLE</c>); <see langword="null"/> if the disk is not thin. Several calls can run
    /// concurrently. The file stays open until it returns. Its exceptions propagate from <see cref="UnmapAsync"/>.
    /// </param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="IOException">It is a directory, in use, not a multiple of 512 bytes, or cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">Permission is denied.</exception>
    public static BlockFile Open(string path, bool isReadOnly = false, Action<SafeFileHandle, long, long>? deallocate = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
            throw new IOException($"'{path}' is a directory.");
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, isReadOnly ? FileAccess.Read : FileAccess.ReadWrite, isReadOnly ? FileShare.Read : FileShare.None);
        try
        {
            long length = RandomAccess.GetLength(file);
            if (length == 0 || length % IBlockDevice.BlockSize != 0)
                throw new IOException($"'{path}' has {length} bytes: an image must be one or more whole blocks of {IBlockDevice.BlockSize} bytes.");
            return new BlockFile(file, length, isReadOnly, deallocate);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="EndOfStreamException">The file was truncated.</exception>
    public ValueTask ReadAsync(long offset, Memory<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_file.IsClosed, this);
        Span<byte> rest = destination.Span;
        while (!rest.IsEmpty)
        {
            int read = RandomAccess.Read(_file, rest, offset);
            if (read == 0)
                throw new EndOfStreamException($"The image ends at byte {offset} of {Length}: it was truncated.");
            rest = rest[read..];
            offset += read;
        }
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    /// <exception cref="UnauthorizedAccessException">It was opened read-only.</exception>
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source)
    {
        ObjectDisposedException.ThrowIf(_file.IsClosed, this);
        if (IsReadOnly)
            throw new UnauthorizedAccessException("This image was opened read-only.");
        RandomAccess.Write(_file, source.Span, offset);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask FlushAsync()
    {
        RandomAccess.FlushToDisk(_file);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Deallocation is not available.</exception>
    public ValueTask UnmapAsync(long offset, long length)
    {
        if (_deallocate is null)
            throw new NotSupportedException("This image cannot unmap blocks.");
        // Closed meanwhile, its descriptor could be another file's by the time of the hole.
        bool isHeld = false;
        try
        {
            _file.DangerousAddRef(ref isHeld);
            _deallocate(_file, offset, length);
        }
        finally
        {
            if (isHeld)
                _file.DangerousRelease();
        }
        return ValueTask.CompletedTask;
    }

    /// <summary>Closes the file. The operating system writes unflushed data later.</summary>
    public void Dispose() => _file.Dispose();
}
