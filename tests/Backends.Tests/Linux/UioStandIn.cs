// A UIO device without a kernel: memfds for the maps, an eventfd for readability, and the kernel's rules in between
// (Linux drivers/uio/uio.c and uio_hv_generic.c): opening masks the primary's ring, an interrupt masks its channel's ring
// and counts, a control write masks or unmasks every channel's ring and, unmasking, calls the host on each channel without
// a monitor, a rescind answers every read and write with EIO. On the other side stands a host: a channel's other end.

using System.Globalization;
using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
internal sealed class UioStandIn : IUioFile
{
    public static readonly Guid Instance = new("1eccfd72-4b41-45ef-b73a-4a6e44c12924");
    public const int Relid = 77;
    public const string Folder = "bus/vmbus/devices/1eccfd72-4b41-45ef-b73a-4a6e44c12924";
    private const string Uio = Folder + "/uio/uio3";

    private readonly MemfdHandle _rings;
    private readonly MemfdHandle _interruptPage;
    private readonly MemfdHandle _monitorPage;
    private readonly int _pageSize;
    private readonly int _pageOffset;
    private readonly EventFd _readable = EventFd.Create();
    private readonly Lock _lock = new();
    private readonly List<StandInHost> _hosts = [];
    private readonly List<uint> _relids = [Relid];
    private readonly MappedMemory _hostMonitorPage;
    private uint _events = 5;       // the device was used before
    private uint _seen = 5;
    private bool _locked;
    private bool _gone;

    public UioStandIn(int? monitorId, int ringBytes = 8192, DeviceClass? type = null, int pageSize = 4096, int announcedPage = 4096, int pageOffset = 0)
    {
        _pageSize = pageSize;
        _pageOffset = pageOffset;
        _interruptPage = MemfdHandle.Create("vmbus-uio-int", pageSize);
        _monitorPage = MemfdHandle.Create("vmbus-uio-mon", pageSize);
        _rings = MemfdHandle.Create("vmbus-uio-rings", 2 * ringBytes);
        _hostMonitorPage = MappedMemory.Map(_monitorPage, 0, pageSize);
        Tree = new SysfsTree($"""
            {Folder}/id = {Relid}
            {Folder}/device_id = {Instance:B}
            {Folder}/class_id = {(type ?? DeviceClass.DynamicMemory).Id:B}
            {Folder}/driver -> ../../drivers/uio_hv_generic
            {Folder}/channels/{Relid}/cpu = 0
            {Uio}/name = uio_hv_generic
            {Uio}/event = 5
            """);
        if (monitorId is { } id)
            Tree.Write(Folder + "/monitor_id", id.ToString(CultureInfo.InvariantCulture) + "\n");
        Announce(0, "txrx_rings", 2 * ringBytes);
        Announce(1, "int_page", announcedPage);
        Announce(2, "monitor_page", announcedPage);
        if (pageOffset != 0)
            Tree.Write($"{Uio}/maps/map2/addr", $"0x{0xffff_0001_2340_0000 + (ulong)pageOffset:x16}\n");
        MonitorPage.Latency(monitorId ?? 0) = 1000;
        MonitorPage.TriggerState = 0xF;
        Host = AddHost(MappedMemory.Map(_rings, 0, 2 * ringBytes), monitorId);
    }

    public SysfsTree Tree { get; }

    /// <summary>The other end of the primary channel.</summary>
    public StandInHost Host { get; }

    public MonitorPageView MonitorPage => new(_hostMonitorPage.Address + _pageOffset);

    /// <summary>Control writes that came, and what the last one said.</summary>
    public (int Count, bool Unmasked) Controls { get; private set; }

    /// <summary>What the next reads answer before the rules have their say.</summary>
    public Queue<Errno> Faults { get; } = [];

    /// <summary>What mapping a map answers, by its number.</summary>
    public Dictionary<int, Errno> MapFaults { get; } = [];

    /// <summary>Bytes that the kernel maps of a subchannel's ring file, whatever the file's size says.</summary>
    public long? RingFileBytes { get; set; }

    /// <summary>What taking the lock answers.</summary>
    public Errno LockFault { get; set; }

    /// <summary>Whether the node is open.</summary>
    public bool IsOpen { get; private set; }

    public int Descriptor => _readable.Descriptor;

    /// <summary>The sysfs whose device node is this.</summary>
    public VmBusSysfs Sysfs => new(Tree.Root, Path.Combine(Tree.Root, "dev"))
    {
        OpenNode = _ =>
        {
            foreach (StandInHost host in _hosts)
                host.GuestMask = 1;
            IsOpen = true;
            return this;
        },
        OpenSignal = Module.OpenNode,
        PageSize = _pageSize,
        MapRing = MapRing,
    };

    /// <summary>The kernel module beside the device: not loaded at first.</summary>
    public StandInModule Module { get; } = new() { IsLoaded = false };

    /// <summary>Loads the module: this device's channels are there to it.</summary>
    public void LoadModule()
    {
        Module.IsLoaded = true;
        foreach ((uint relid, StandInHost host) in _hosts.Select((host, at) => (at == 0 ? 0 : _relids[at], host)))
            Module.Channels[(Instance, relid)] = new(host.MonitorId, Descriptor, host.Call);
    }

    public UioDevice Open(VmBusDeviceOptions? options = null) => UioDevice.Open(Sysfs, Instance, options);

    /// <summary>Opens the node once more, for the page alone.</summary>
    public UioMonitorPage OpenMonitorPage() => UioMonitorPage.Open(Sysfs, Instance, _ => new SecondOpening(this));

    public byte[] MonitorPageBytes() => _hostMonitorPage.AsSpan().ToArray();

    public void Announce(int index, string name, long size)
    {
        Tree.Write($"{Uio}/maps/map{index}/name", name + "\n");
        Tree.Write($"{Uio}/maps/map{index}/size", $"0x{size:x16}\n");
    }

    public void Forget(int index) => Directory.Delete(Tree.Full($"{Uio}/maps/map{index}"), recursive: true);

    /// <summary>The host offers a subchannel and the kernel opens it.</summary>
    public StandInHost AddSubchannel(uint relid, int? monitorId, int ringBytes = 8192)
    {
        string folder = $"{Folder}/channels/{relid}";
        Tree.Write(folder + "/cpu", "1\n");
        if (monitorId is { } id)
            Tree.Write(folder + "/monitor_id", id.ToString(CultureInfo.InvariantCulture) + "\n");
        Tree.Write(folder + "/ring", "");
        string path = Tree.Full(folder + "/ring");
        using (FileStream ring = File.OpenWrite(path))
            ring.SetLength(2 * ringBytes);
        using DeviceFile file = DeviceFile.Open(path);
        _relids.Add(relid);
        StandInHost host = AddHost(MappedMemory.Map(file, 0, 2 * ringBytes), monitorId);
        host.GuestMask = 1;
        return host;
    }

    /// <summary>hv_uio_rescind.</summary>
    public void Rescind()
    {
        lock (_lock)
        {
            _gone = true;
            _readable.Signal();
        }
    }

    public bool TryLock() => LockFault == Errno.None ? !_locked && (_locked = true) : throw new ErrnoException("flock", LockFault);

    public Errno Read(out uint count)
    {
        lock (_lock)
        {
            count = 0;
            if (Faults.TryDequeue(out Errno fault))
                return fault;
            if (_gone)
                return Errno.InputOutput;
            if (_events == _seen)
                return Errno.TryAgain;
            _readable.TryConsume(out _);
            count = _seen = _events;
            return Errno.None;
        }
    }

    public Errno Control(bool unmask)
    {
        lock (_lock)
        {
            if (_gone)
                return Errno.InputOutput;
            Controls = (Controls.Count + 1, unmask);
            foreach (StandInHost host in _hosts)
            {
                host.GuestMask = unmask ? 0u : 1u;
                if (unmask && host.MonitorId is null)
                    host.Call();
            }
            return Errno.None;
        }
    }

    public MappedMemory Map(int index, long length) => index switch
    {
        _ when MapFaults.TryGetValue(index, out Errno fault) => throw new ErrnoException($"mmap of map {index}", fault),
        0 when length <= _rings.Size => MappedMemory.Map(_rings, 0, length),
        1 when length <= _pageSize => MappedMemory.Map(_interruptPage, 0, length),
        2 when length <= _pageSize => MappedMemory.Map(_monitorPage, 0, length),
        3 or 4 when length == 8192 => MappedMemory.Map(_rings, 0, length),
        _ => throw new ErrnoException($"mmap of {length} bytes at offset {index * 4096}", Errno.InvalidArgument),
    };

    // The device node is closed; the stand-in itself goes with Release.
    public void Dispose() => _locked = IsOpen = false;

    public void Release()
    {
        foreach (StandInHost host in _hosts)
            host.Dispose();
        _hostMonitorPage.Dispose();
        _rings.Dispose();
        _interruptPage.Dispose();
        _monitorPage.Dispose();
        _readable.Dispose();
        Tree.Dispose();
    }

    // hv_uio_ring_mmap: vm_iomap_memory takes what is not more than the rings.
    private MappedMemory MapRing(string path, long length)
    {
        using DeviceFile ring = DeviceFile.Open(path);
        return length <= (RingFileBytes ?? ring.GetLength())
            ? MappedMemory.Map(ring, 0, length)
            : throw new ErrnoException($"mmap of {length} bytes of {path}", Errno.InvalidArgument);
    }

    private StandInHost AddHost(MappedMemory rings, int? monitorId)
    {
        StandInHost host = new(rings, monitorId, MonitorPage, Interrupt, _pageSize);
        lock (_lock)
            _hosts.Add(host);
        return host;
    }

    // hv_uio_channel_cb: masks first, counts then.
    private void Interrupt(StandInHost host)
    {
        lock (_lock)
        {
            host.GuestMask = 1;
            _events++;
            _readable.Signal();
        }
    }

    // Another file of the same device: it maps, and whatever else it did would be a fault.
    private sealed class SecondOpening(UioStandIn standIn) : IUioFile
    {
        public int Descriptor => throw new NotSupportedException();

        public bool TryLock() => throw new NotSupportedException();

        public Errno Read(out uint count) => throw new NotSupportedException();

        public Errno Control(bool unmask) => throw new NotSupportedException();

        public MappedMemory Map(int index, long length) => index == 2 ? standIn.Map(index, length) : throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
