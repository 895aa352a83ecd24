// The maps of a UIO device. Mirrors uio/uioN/maps/mapM of sysfs (Linux drivers/uio/uio.c) and the order of enum
// hv_uio_map (drivers/uio/uio_hv_generic.c).

using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>One map of a UIO device, as the kernel announces it.</summary>
/// <param name="Index">Its number: the page offset it is mapped by.</param>
/// <param name="Name"><c>txrx_rings</c>, <c>int_page</c>, <c>monitor_page</c>, <c>recv:</c> or <c>send:</c> and a GPADL in decimal.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Offset">Where in its first page it begins.</param>
internal sealed record UioMap(int Index, string Name, long Size, int Offset = 0)
{
    internal const string Rings = "txrx_rings";
    internal const string InterruptPage = "int_page";
    internal const string MonitorPage = "monitor_page";
    internal const string ReceiveBuffer = "recv:";
    internal const string SendBuffer = "send:";

    private const int Most = 5;     // MAX_UIO_MAPS

    /// <summary>Reads the maps that there are, by number.</summary>
    internal static List<UioMap> ReadAll(SysfsFolder uio, int pageSize)
    {
        var maps = new List<UioMap>();
        for (int index = 0; index < Most; index++)
        {
            SysfsFolder folder = uio.Folder("maps").Folder($"map{index}");
            if (folder.Text("name") is { } name && folder.Number("size") is { } size and <= long.MaxValue)
            {
                // A page of 4096 bytes may lie anywhere in one of the kernel's; kernels that align it need not say so.
                ulong start = (folder.Number("addr") ?? 0) + (folder.Number("offset") ?? 0);
                maps.Add(new UioMap(index, name, (long)size, (int)(start % (uint)pageSize)));
            }
        }

        return maps;
    }

    /// <summary>Maps a page of Hyper-V's, which is 4096 bytes whatever the kernel's pages are.</summary>
    /// <param name="file">The device.</param>
    /// <param name="pageSize">Bytes of a page of the kernel.</param>
    /// <param name="device">The device's name, for messages.</param>
    /// <returns>The kernel's page it lies in; it begins at <see cref="Offset"/>.</returns>
    /// <exception cref="LinuxGuestException">It is no page.</exception>
    [SupportedOSPlatform("linux")]
    internal MappedMemory MapPage(IUioFile file, int pageSize, string device)
    {
        // Kernels before 6.16 announce a page of their own.
        if (Size != RingMemory.PageSize && Size != pageSize)
            throw new LinuxGuestException(LinuxGuestError.BadMap, $"{device}'s map \"{Name}\" has {Size} bytes; it is a page of {RingMemory.PageSize}{(pageSize == RingMemory.PageSize ? "" : $", or of the kernel's {pageSize}")}.");
        if (Offset % RingMemory.PageSize != 0)
            throw new LinuxGuestException(LinuxGuestError.BadMap, $"{device}'s map \"{Name}\" begins {Offset} bytes into a page of {pageSize}: Hyper-V's pages are aligned to {RingMemory.PageSize}.");
        return Map(file, pageSize, device);
    }

    /// <summary>Maps as many bytes of it.</summary>
    /// <exception cref="LinuxGuestException">The kernel has not as many.</exception>
    [SupportedOSPlatform("linux")]
    internal MappedMemory Map(IUioFile file, long length, string device)
    {
        try
        {
            return file.Map(Index, length);
        }
        catch (ErrnoException e) when (e.Errno == Errno.InvalidArgument)
        {
            throw new LinuxGuestException(LinuxGuestError.BadMap, $"{device}'s map \"{Name}\" claims {Size} bytes, but the kernel maps fewer. {e.Message}", e);
        }
    }
}
