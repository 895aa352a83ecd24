// A VMBus device driven from user space. Mirrors the user's side of uio_hv_generic (Linux drivers/uio/uio_hv_generic.c) as
// DPDK's vmbus_uio.c and Linux's tools/hv daemons use it.

using System.Globalization;
using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Linux;

/// <summary>A device bound to <c>uio_hv_generic</c>, opened: opening it opens its primary channel, closing it closes all.</summary>
[SupportedOSPlatform("linux")]
internal sealed class UioDevice : IDisposable
{
    private readonly VmBusSysfs _sysfs;
    private readonly VmBusDeviceOptions _options;
    private readonly IUioFile _file;
    private readonly UioInterrupts _interrupts;
    private readonly List<MappedMemory> _pages = [];
    private readonly List<UioChannel> _channels = [];
    private readonly Lock _lock = new();
    private readonly MappedMemory? _monitorPage;
    private readonly Guid _class;
    private readonly uint _relid;
    private bool _detached;
    private bool _disposed;

    private UioDevice(VmBusSysfs sysfs, SysfsDevice device, VmBusDeviceOptions options, IUioFile file)
    {
        _sysfs = sysfs;
        _options = options;
        _file = file;
        Name = device.UioName!;
        InstanceId = device.InstanceId!.Value;
        _class = device.ClassId ?? Guid.Empty;
        SysfsFolder uio = new SysfsFolder(device.Path).Folder("uio").Folder(Name);
        Maps = UioMap.ReadAll(uio, sysfs.PageSize);
        _interrupts = new UioInterrupts(file, $"{Name} ({InstanceId})", uio.Word("event"), Detach);
        try
        {
            if (!file.TryLock())
                throw new LinuxGuestException(LinuxGuestError.InUse, $"{Name} ({InstanceId}) is in use: another opener holds its lock.");
            _monitorPage = MapPage(UioMap.MonitorPage, out int monitorAt);
            MonitorPage = _monitorPage is { } monitor ? new MonitorPageView(monitor.Address + monitorAt) : null;
            InterruptPage = MapPage(UioMap.InterruptPage, out int interruptAt) is { } interrupt ? new InterruptPageView(interrupt.Address + interruptAt) : null;
            ReceiveBuffer = MapBuffer(UioMap.ReceiveBuffer);
            SendBuffer = MapBuffer(UioMap.SendBuffer);

            UioMap rings = Maps.FirstOrDefault(map => map.Name == UioMap.Rings) ?? throw new LinuxGuestException(
                LinuxGuestError.BadMap, $"{Name} ({InstanceId}) has no map \"{UioMap.Rings}\" but {Names()}: no driver but {VmBusSysfs.UioDriver} is supported.");
            UioChannel.CheckRings(rings.Size, sysfs.PageSize, $"{Name}'s map \"{rings.Name}\"");
            uint relid = _relid = device.Relid ?? throw new LinuxGuestException(LinuxGuestError.BadContents, $"{device.Path}/id contains no relid.");
            Primary = Add(relid, 0, device.MonitorId ?? device.Channels.FirstOrDefault(channel => channel.Relid == relid)?.MonitorId, Map(rings));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The name of the UIO device: <c>uio0</c>.</summary>
    public string Name { get; }

    /// <summary>The instance of the device.</summary>
    public Guid InstanceId { get; }

    /// <summary>The maps, as the kernel announces them.</summary>
    internal IReadOnlyList<UioMap> Maps { get; }

    /// <summary>The primary channel. Its rings are as large as the kernel made them.</summary>
    public UioChannel Primary { get; }

    /// <inheritdoc cref="VmBusDevice.MonitorPage"/>
    public MonitorPageView? MonitorPage { get; }

    /// <inheritdoc cref="VmBusDevice.InterruptPage"/>
    public InterruptPageView? InterruptPage { get; }

    /// <inheritdoc cref="VmBusDevice.ReceiveBuffer"/>
    public UioBuffer? ReceiveBuffer { get; }

    /// <inheritdoc cref="VmBusDevice.SendBuffer"/>
    public UioBuffer? SendBuffer { get; }

    /// <inheritdoc cref="VmBusDevice.IsGone"/>
    public bool IsGone => _interrupts.IsGone;

    /// <summary>Opens a device.</summary>
    /// <param name="sysfs">Where to find it.</param>
    /// <param name="instanceId">Its instance.</param>
    /// <param name="options">How it is used; <see langword="null"/> for the default.</param>
    /// <returns>The open device.</returns>
    /// <exception cref="LinuxGuestException">
    /// It is not there, not bound to <c>uio_hv_generic</c>, in use, not permitted, or its maps are not as they should be.
    /// </exception>
    /// <exception cref="RingCorruptException">The indices in its rings are impossible.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">The kernel refused a map, or this process has no descriptor left.</exception>
    public static UioDevice Open(VmBusSysfs sysfs, Guid instanceId, VmBusDeviceOptions? options = null)
        => Open(sysfs, instanceId, options, sysfs?.OpenNode ?? OpenFile);

    internal static UioDevice Open(VmBusSysfs sysfs, Guid instanceId, VmBusDeviceOptions? options, Func<string, IUioFile> open)
    {
        SysfsDevice device = Find(sysfs, instanceId);
        string path = Path.Combine(sysfs.DeviceRoot, device.UioName!);
        return new UioDevice(sysfs, device with { InstanceId = instanceId }, options ?? new VmBusDeviceOptions(), OpenNode(path, open));
    }

    internal static IUioFile OpenFile(string path) => new UioFile(DeviceFile.Open(path));

    /// <summary>Finds a device that has a UIO device.</summary>
    internal static SysfsDevice Find(VmBusSysfs sysfs, Guid instanceId)
    {
        ArgumentNullException.ThrowIfNull(sysfs);
        SysfsDevice device = sysfs.GetDevice(instanceId);
        if (device.UioName is null || device.Driver != VmBusSysfs.UioDriver)
        {
            throw new LinuxGuestException(LinuxGuestError.NotBound,
                $"{instanceId} is bound to {device.Driver ?? "no driver"}, not to {VmBusSysfs.UioDriver}: bind it first, or have it bound ({nameof(VmBusDeviceOptions)}.{nameof(VmBusDeviceOptions.Bind)}).");
        }

        return device;
    }

    /// <inheritdoc cref="VmBusDevice.OpenSubchannel"/>
    public UioChannel AddSubchannel(uint relid)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_detached)
                throw new PeerDisconnectedException($"{Name} ({InstanceId}) is gone: its channels can no longer be opened.");
            _channels.RemoveAll(channel => channel.IsClosed);
            if (_channels.Any(channel => channel.Relid == relid))
                throw new InvalidOperationException($"Channel {relid} of {Name} is already open.");
            SysfsChannel found = _sysfs.GetDevice(InstanceId).Channels.FirstOrDefault(channel => channel.Relid == relid)
                ?? throw new LinuxGuestException(LinuxGuestError.NoDevice, $"{Name} ({InstanceId}) has no channel {relid}.");
            if (found.Path is null || found.RingBytes is null)
                throw new LinuxGuestException(LinuxGuestError.BadMap, $"Channel {relid} of {Name} shows no rings: the kernel has not opened it yet, or is older than 4.20.");
            return Add(relid, (int)(found.SubchannelIndex ?? 0), found.MonitorId, MapRingFile(Path.Combine(found.Path, "ring"), found.RingBytes.Value));
        }
    }

    /// <summary>What was counted. A snapshot.</summary>
    internal UioStatistics GetStatistics() => _interrupts.Statistics;

    /// <summary>
    /// Closes the channels, gives their memory back and closes the device. Calls under way on other threads end; later ones
    /// throw <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        foreach (UioChannel channel in _channels)
            channel.Dispose();
        foreach (MappedMemory page in _pages)
            page.Retire();
        _file.Dispose();
    }

    internal static IUioFile OpenNode(string path, Func<string, IUioFile> open)
    {
        try
        {
            return open(path);
        }
        catch (ErrnoException e)
        {
            (LinuxGuestError error, string advice) = e.Errno switch
            {
                Errno.AccessDenied or Errno.OperationNotPermitted => (LinuxGuestError.NotPermitted, "it needs root, or a udev rule that grants access to the node"),
                Errno.NoSuchFile or Errno.NoSuchAddress => (LinuxGuestError.NoDevice, "the device node does not exist"),
                Errno.NoSuchDevice => (LinuxGuestError.NoDevice, "the device is gone"),
                Errno.Busy => (LinuxGuestError.InUse, "another process uses it"),
                _ => (LinuxGuestError.Refused, "the kernel or the host refused to open its channel"),
            };
            throw new LinuxGuestException(error, $"{path} could not be opened: {advice}. {e.Message}", e);
        }
    }

    private UioChannel Add(uint relid, int subchannel, int? monitorId, MappedMemory rings)
    {
        try
        {
            if (monitorId is not null && MonitorPage is null)
                throw new LinuxGuestException(LinuxGuestError.BadMap, $"Channel {relid} of {Name} has monitor {monitorId} but the device has no map \"{UioMap.MonitorPage}\" but {Names()}: nothing can signal it.");
            UioChannel channel = new(new ChannelIdentity(ChannelIdentity.Guest, _class, InstanceId, relid, subchannel), monitorId, rings, _sysfs.PageSize, _monitorPage is { } page ? (MonitorPage!.Value, page) : null, _interrupts, () => OpenModule(relid), _options);
            _channels.Add(channel);
            return channel;
        }
        catch
        {
            rings.Dispose();
            throw;
        }
    }

    // The open UIO device is what gives the right to signal its channels. The module is one more way to: where it is missing
    // or refuses, the channel is signalled without it, and EffectiveSignal says so.
    private ISignalFile? OpenModule(uint relid) =>
        SignalModule.TryOpen(_sysfs, InstanceId, relid == _relid ? 0 : relid, _file.Descriptor, DeviceAccess.ReadWrite, out _);

    private MappedMemory? MapPage(string name, out int offset)
    {
        offset = 0;
        if (Maps.FirstOrDefault(map => map.Name == name) is not { } page)
            return null;
        MappedMemory memory = Keep(page.MapPage(_file, _sysfs.PageSize, Name));
        offset = page.Offset;
        try
        {
            // The device may go at any time, and signals write to the monitor page without asking.
            memory.Populate();
            return memory;
        }
        catch (ErrnoException e) when (e.Errno == Errno.BadAddress)
        {
            throw new LinuxGuestException(LinuxGuestError.NoDevice, $"{Name} ({InstanceId}) was removed while its map \"{name}\" was mapped. {e.Message}", e);
        }
    }

    private UioBuffer? MapBuffer(string prefix)
    {
        if (Maps.FirstOrDefault(map => map.Name.StartsWith(prefix, StringComparison.Ordinal)) is not { } buffer)
            return null;
        if (!uint.TryParse(buffer.Name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out uint gpadl))
            throw new LinuxGuestException(LinuxGuestError.BadContents, $"{Name}'s map \"{buffer.Name}\" names no GPADL.");
        return new UioBuffer(Keep(Map(buffer)), gpadl);
    }

    private MappedMemory Map(UioMap map)
    {
        if (map.Size <= 0 || map.Size % _sysfs.PageSize != 0)
            throw new LinuxGuestException(LinuxGuestError.BadMap, $"{Name}'s map \"{map.Name}\" has {map.Size} bytes: not whole pages.");
        return map.Map(_file, map.Size, Name);
    }

    private MappedMemory MapRingFile(string path, long length)
    {
        UioChannel.CheckRings(length, _sysfs.PageSize, path);
        if (TryMapRing(path, length) is { } rings)
            return rings;

        // Kernels before 6.12.41 and 6.15 say 4 MiB of every ring file and map as much as the channel has: all that is mapped is the
        // rings. Nothing tells how much that is but trying.
        long step = 2L * _sysfs.PageSize;
        long most = 0;
        for (long less = 0, more = length / step; more - less > 1;)
        {
            long middle = less + (more - less) / 2;
            using MappedMemory? part = TryMapRing(path, middle * step);
            if (part is null)
                more = middle;
            else
                most = less = middle;
        }

        // A page more than two equal rings: then it is not the rings that are mapped.
        using MappedMemory? odd = most < 2 ? null : TryMapRing(path, most * step + _sysfs.PageSize);
        if (most >= 2 && odd is null && TryMapRing(path, most * step) is { } found)
            return found;
        throw new LinuxGuestException(LinuxGuestError.BadMap, $"{path} claims {length} bytes, but the kernel maps fewer{(most == 0 ? "" : $", but {most * step}")}: rings of unknown size cannot be used. Kernels before 6.12.41 and 6.15 report this for rings of another size.");
    }

    private MappedMemory? TryMapRing(string path, long length)
    {
        try
        {
            if (_sysfs.MapRing is { } map)
                return map(path, length);
            using DeviceFile ring = DeviceFile.Open(path);
            return MappedMemory.Map(ring, 0, length);
        }
        catch (ErrnoException e) when (e.Errno == Errno.InvalidArgument)
        {
            return null;
        }
        catch (ErrnoException e)
        {
            throw new LinuxGuestException(e.Errno is Errno.NoSuchFile or Errno.NoSuchDevice ? LinuxGuestError.NoDevice : LinuxGuestError.Refused, $"{path} could not be mapped. {e.Message}", e);
        }
    }

    private MappedMemory Keep(MappedMemory memory)
    {
        _pages.Add(memory);
        return memory;
    }

    // The kernel frees the rings of a device that goes, mapped or not, and the device's monitor may be given to another: what
    // this side still writes must reach neither.
    private void Detach()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _detached = true;
            foreach (UioChannel channel in _channels)
                channel.Detach();
            foreach (MappedMemory page in _pages)
                page.Detach();
        }
    }

    private string Names() => Maps.Count == 0 ? "none at all" : string.Join(", ", Maps.Select(map => $"\"{map.Name}\""));
}
