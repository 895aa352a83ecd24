// The guest-to-host monitor page through a UIO device, and nothing else of the device. Mirrors what DPDK's
// rte_vmbus_set_latency (drivers/bus/vmbus) does with map 2 of uio_hv_generic.

using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Linux;

/// <summary>
/// The monitor page of the whole guest, mapped through any one device that is bound to <c>uio_hv_generic</c>: to look at it
/// and to change the latency of any channel's monitor. <see cref="UioDevice"/> is for using the device itself.
/// </summary>
/// <remarks>
/// <para>Opening the device node opens the device's channel to the host unless a process has the node open already, and
/// disposing closes it again unless one still has. Neither rings nor the lock of <see cref="UioDevice"/> are touched,
/// so a device in use can be opened, and goes on.</para>
/// <para>Keep it as short as can be: while it is open, the death of the device's user does not close the channel.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class UioMonitorPage : IDisposable
{
    private readonly IUioFile _file;
    private readonly MappedMemory _memory;

    private UioMonitorPage(SysfsDevice device, IUioFile file, int pageSize)
    {
        Name = device.UioName!;
        _file = file;
        try
        {
            IReadOnlyList<UioMap> maps = UioMap.ReadAll(new SysfsFolder(device.Path).Folder("uio").Folder(Name), pageSize);
            UioMap map = maps.FirstOrDefault(one => one.Name == UioMap.MonitorPage)
                ?? throw new LinuxGuestException(LinuxGuestError.BadMap, $"{Name} has no map \"{UioMap.MonitorPage}\".");
            _memory = map.MapPage(file, pageSize, Name);
            Page = new MonitorPageView(_memory.Address + map.Offset);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The name of the UIO device: <c>uio0</c>.</summary>
    public string Name { get; }

    /// <summary>The page. Dead after <see cref="Dispose"/>.</summary>
    public MonitorPageView Page { get; }

    /// <summary>Maps the page.</summary>
    /// <param name="sysfs">Where to find the device.</param>
    /// <param name="instanceId">The instance of a device that is bound to <c>uio_hv_generic</c>.</param>
    /// <returns>The page.</returns>
    /// <exception cref="LinuxGuestException">
    /// The device is not there, not bound to <c>uio_hv_generic</c>, not permitted, or has no such map.
    /// </exception>
    /// <exception cref="System.ComponentModel.Win32Exception">The kernel refused the map, or this process has no descriptor left.</exception>
    public static UioMonitorPage Open(VmBusSysfs sysfs, Guid instanceId) => Open(sysfs, instanceId, UioDevice.OpenFile);

    /// <summary>Unmaps the page and closes the device.</summary>
    public void Dispose()
    {
        _memory.Dispose();
        _file.Dispose();
    }

    internal static UioMonitorPage Open(VmBusSysfs sysfs, Guid instanceId, Func<string, IUioFile> open)
    {
        SysfsDevice device = UioDevice.Find(sysfs, instanceId);
        return new UioMonitorPage(device, UioDevice.OpenNode(Path.Combine(sysfs.DeviceRoot, device.UioName!), open), sysfs.PageSize);
    }
}
