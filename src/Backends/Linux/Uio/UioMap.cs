// The maps of a UIO device. Mirrors uio/uioN/maps/mapM of sysfs (Linux drivers/uio/uio.c) and the order of enum
// hv_uio_map (drivers/uio/uio_hv_generic.c).

namespace VmBus.Linux;

/// <summary>One map of a UIO device, as the kernel announces it.</summary>
/// <param name="Index">Its number: the page offset it is mapped by.</param>
/// <param name="Name"><c>txrx_rings</c>, <c>int_page</c>, <c>monitor_page</c>, <c>recv:</c> or <c>send:</c> and a GPADL in decimal.</param>
/// <param name="Size">Its size in bytes.</param>
internal sealed record UioMap(int Index, string Name, long Size)
{
    internal const string Rings = "txrx_rings";
    internal const string InterruptPage = "int_page";
    internal const string MonitorPage = "monitor_page";
    internal const string ReceiveBuffer = "recv:";
    internal const string SendBuffer = "send:";

    private const int Most = 5;     // MAX_UIO_MAPS

    /// <summary>Reads the maps that there are, by number.</summary>
    internal static List<UioMap> ReadAll(SysfsFolder uio)
    {
        var maps = new List<UioMap>();
        for (int index = 0; index < Most; index++)
        {
            SysfsFolder folder = uio.Folder("maps").Folder($"map{index}");
            if (folder.Text("name") is { } name && folder.Number("size") is { } size and <= long.MaxValue)
                maps.Add(new UioMap(index, name, (long)size));
        }

        return maps;
    }
}
