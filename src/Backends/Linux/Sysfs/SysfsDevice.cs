// What sysfs shows of one device. Mirrors the device attributes of Linux drivers/hv/vmbus_drv.c.

using System.Globalization;
using VmBus.Layout;

namespace VmBus.Linux;

/// <summary>
/// A snapshot of one device on the VMBus of this guest, as shown in <c>/sys/bus/vmbus/devices</c>. Values that the kernel does
/// not show, or that are invalid, are <see langword="null"/>.
/// </summary>
public sealed record SysfsDevice
{
    // CHANNEL_OPENED_STATE of enum vmbus_channel_state, include/linux/hyperv.h.
    private const int OpenState = 3;

    /// <summary>
    /// The folder's name: the argument of <c>bind</c> and <c>unbind</c>. The instance GUID, on old kernels <c>vmbus_0_11</c>.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>The folder.</summary>
    public required string Path { get; init; }

    /// <summary><c>device_id</c>: the instance.</summary>
    public Guid? InstanceId { get; init; }

    /// <summary><c>class_id</c>: the interface type of the offer.</summary>
    public Guid? ClassId { get; init; }

    /// <summary>The class, if it is known.</summary>
    public DeviceClass? Class => ClassId is { } id ? DeviceClass.Find(id) : null;

    /// <summary><c>id</c>: the relid of the primary channel.</summary>
    public uint? Relid { get; init; }

    /// <summary><c>state</c>: of the primary channel; 3 is open (<c>enum vmbus_channel_state</c>).</summary>
    public int? State { get; init; }

    /// <summary><c>vendor</c>.</summary>
    public uint? Vendor { get; init; }

    /// <summary><c>device</c>.</summary>
    public uint? Device { get; init; }

    /// <summary><c>modalias</c>: <c>vmbus:</c> and the 32 digits of the class.</summary>
    public string? Modalias { get; init; }

    /// <summary>The driver it is bound to; <see langword="null"/> if there is none.</summary>
    public string? Driver { get; init; }

    /// <summary><c>driver_override</c>: the only driver that it can be bound to, if set.</summary>
    public string? DriverOverride { get; init; }

    /// <summary><c>numa_node</c>; <see langword="null"/> when unknown.</summary>
    public int? NumaNode { get; init; }

    /// <summary><c>monitor_id</c> of the primary channel, 0 to 127; <see langword="null"/> when it has no monitor.</summary>
    public int? MonitorId { get; init; }

    /// <summary>Its monitor in the host-to-guest page: the files <c>server_monitor_*</c>.</summary>
    internal SysfsMonitor? HostMonitor { get; init; }

    /// <summary>Its monitor in the guest-to-host page: the files <c>client_monitor_*</c>.</summary>
    internal SysfsMonitor? GuestMonitor { get; init; }

    /// <summary>The ring the guest writes on the primary channel, while that is open.</summary>
    internal SysfsRing? Outgoing { get; init; }

    /// <summary>The ring the guest reads on the primary channel, while that is open.</summary>
    internal SysfsRing? Incoming { get; init; }

    /// <summary>The channels, the primary first, then by relid.</summary>
    public IReadOnlyList<SysfsChannel> Channels { get; init; } = [];

    /// <summary>The name of its UIO device, <c>uio0</c>, while it is bound to <c>uio_hv_generic</c>.</summary>
    public string? UioName { get; init; }

    /// <summary>Reads what a device is called and what has it, and nothing else; <see langword="null"/> when it went away meanwhile.</summary>
    internal static SysfsDevice? ReadName(SysfsFolder folder)
    {
        string name = System.IO.Path.GetFileName(folder.Path);
        SysfsDevice device = new()
        {
            Name = name,
            Path = folder.Path,
            InstanceId = InstanceIn(folder, name),
            ClassId = folder.Identity("class_id"),
            Relid = folder.Word("id"),
            Driver = folder.Link("driver"),
        };
        return folder.Exists ? device : null;
    }

    /// <summary>Reads a folder; <see langword="null"/> when it went away meanwhile.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="before">
    /// What was read there before: of the same device, what never changes is taken from it and not read again.
    /// </param>
    internal static SysfsDevice? Read(SysfsFolder folder, SysfsDevice? before = null)
    {
        string name = System.IO.Path.GetFileName(folder.Path);
        uint? relid = folder.Word("id");
        Guid? instanceId = InstanceIn(folder, name);
        Guid? classId = folder.Identity("class_id");
        // Old kernels name a folder after the relid: another device may be called the same.
        SysfsDevice? known = relid is not null && (relid, instanceId, classId) == (before?.Relid, before?.InstanceId, before?.ClassId) ? before : null;
        string? driver = folder.Link("driver");
        int? state = folder.Integer("state");
        bool isOpen = state is null or OpenState;    // else each of these files answers EINVAL
        SysfsDevice device = new()
        {
            Name = name,
            Path = folder.Path,
            InstanceId = instanceId,
            ClassId = classId,
            Relid = relid,
            State = state,
            Vendor = known is null ? folder.Word("vendor") : known.Vendor,
            Device = known is null ? folder.Word("device") : known.Device,
            Modalias = known is null ? folder.Text("modalias") : known.Modalias,
            Driver = driver,
            DriverOverride = folder.Text("driver_override") is { Length: > 0 } text and not "(null)" ? text : null,
            NumaNode = known is null ? folder.Integer("numa_node") is { } node and >= 0 ? node : null : known.NumaNode,
            MonitorId = known is null ? SysfsChannel.MonitorIn(folder) : known.MonitorId,
            HostMonitor = known is { HostMonitor: null } ? null : SysfsMonitor.Read(folder, "server"),
            GuestMonitor = known is { GuestMonitor: null } ? null : SysfsMonitor.Read(folder, "client"),
            Outgoing = isOpen ? SysfsRing.Read(folder, "out") : null,
            Incoming = isOpen ? SysfsRing.Read(folder, "in") : null,
            Channels = ReadChannels(folder, relid, known),
            UioName = driver == VmBusSysfs.UioDriver && folder.Folder("uio").Folders() is [var uio, ..] ? System.IO.Path.GetFileName(uio.Path) : null,
        };
        return folder.Exists ? device : null;
    }

    private static Guid? InstanceIn(SysfsFolder folder, string name) => folder.Identity("device_id") ?? (Guid.TryParse(name, out Guid instance) ? instance : null);

    private static List<SysfsChannel> ReadChannels(SysfsFolder folder, uint? primary, SysfsDevice? before)
    {
        List<SysfsChannel> channels = [.. folder.Folder("channels").Folders().Select(one => SysfsChannel.Read(one, before)).OfType<SysfsChannel>()];
        if (channels.Count == 0)
            channels.AddRange(FromMapping(folder.Lines("channel_vp_mapping")));
        return [.. channels.OrderBy(channel => channel.Relid == primary ? 0 : 1).ThenBy(channel => channel.Relid)];
    }

    // Lines of "relid:cpu"; all there is on kernels before 4.16.
    private static IEnumerable<SysfsChannel> FromMapping(string[] mapping)
    {
        foreach (string line in mapping)
        {
            string[] parts = line.Split(':');
            if (parts.Length == 2 && TryParse(parts[0], out uint relid) && TryParse(parts[1], out uint vp))
                yield return new SysfsChannel { Relid = relid, VpIndex = vp };
        }

        static bool TryParse(string text, out uint value) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
