// The device behind --device disk=FILE: a SCSI controller with one disk, whose blocks are a raw image.

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using VmBus.Devices;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Protocol;

namespace VmBus.Tool;

/// <summary>A disk of the guest. Dispose it when it is no longer offered.</summary>
[SupportedOSPlatform("linux")]
internal sealed class HostDisk : IChannelDevice, IUnpluggable, IDisposable
{
    private readonly BlockFile _file;
    private readonly ScsiController _controller;

    /// <summary>Opens an image.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isReadOnly">Whether the guest may only read it.</param>
    /// <param name="offerSubchannel">Offers the subchannels that the guest asks for.</param>
    /// <exception cref="ToolException">It cannot be opened; the message says why.</exception>
    public HostDisk(string path, bool isReadOnly, Func<HostOffer, IChannelDevice, Task<OfferedChannel>>? offerSubchannel = null)
    {
        _file = Open(path, isReadOnly);
        _controller = new ScsiController(new ScsiControllerOptions { OfferSubchannel = offerSubchannel });
        _controller.Attach(0, _file, IdOf(path));
    }

    /// <inheritdoc/>
    public ValueTask<bool> AcceptsAsync(HostOpenRequest request, CancellationToken cancellationToken) => _controller.AcceptsAsync(request, cancellationToken);

    /// <inheritdoc/>
    public Task ServeAsync(DeviceContext context, CancellationToken closing) => _controller.ServeAsync(context, closing);

    /// <inheritdoc/>
    public Task UnplugAsync(CancellationToken cancellationToken) => _controller.UnplugAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>What the guest has done with it.</summary>
    public override string ToString()
    {
        ScsiControllerStatistics done = _controller.Statistics;
        return $"{done.Reads} reads of {done.BytesRead} bytes, {done.Writes} writes of {done.BytesWritten} bytes, {done.Flushes} flushes, {done.Unmaps} unmaps, {done.FailedCommands} failed";
    }

    private static BlockFile Open(string path, bool isReadOnly)
    {
        try
        {
            return BlockFile.Open(path, isReadOnly, CanDeallocate(path, isReadOnly) ? Deallocate : null);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ToolException($"cannot open the disk image '{path}': no such file or directory", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new ToolException($"cannot open the disk image '{path}': permission denied{(isReadOnly ? "" : "; a disk that is only read: disk=FILE,readonly")}", error);
        }
        catch (IOException error)
        {
            throw new ToolException($"cannot open the disk image: {error.Message.TrimEnd('.')}", error);
        }
    }

    // Asked of the end, behind which there is nothing to lose: only whether the file system makes holes.
    private static bool CanDeallocate(string path, bool isReadOnly)
    {
        const int Some = 4096;
        if (isReadOnly || !File.Exists(path))
            return false;
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        return FileHoles.Punch(file, RandomAccess.GetLength(file), Some) == Errno.None;
    }

    private static void Deallocate(SafeFileHandle file, long offset, long length)
    {
        if (FileHoles.Punch(file, offset, length) is var error and not Errno.None)
            throw new IOException($"{length} bytes at {offset} cannot be released: {Marshal.GetPInvokeErrorMessage((int)error)}.", (int)error);
    }

    // The same file is the same disk, whenever it is offered. Not by .NET's hashes: they want an OpenSSL, which vmbus host has no other use for.
    private static Guid IdOf(string path)
    {
        Span<byte> id = stackalloc byte[16];
        string name = Path.GetFullPath(path);
        BinaryPrimitives.WriteUInt64LittleEndian(id, Hash(name, 0xcbf2_9ce4_8422_2325));
        BinaryPrimitives.WriteUInt64LittleEndian(id[8..], Hash(name, 0x9e37_79b9_7f4a_7c15));
        return new Guid(id);
    }

    // FNV-1a.
    private static ulong Hash(string text, ulong hash)
    {
        foreach (byte part in Encoding.UTF8.GetBytes(text))
            hash = (hash ^ part) * 0x100_0000_01b3;
        return hash;
    }
}
