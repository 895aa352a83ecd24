// The module vmbus_signal without a kernel, by the rules of src/Kernel/vmbus_signal.c: a descriptor is bound once, to a
// channel; what it may do is settled then; the flag is set as long as one asks for it; an ended one answers ENODEV.

using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
internal sealed class StandInModule
{
    private readonly Lock _lock = new();
    private readonly List<File> _open = [];

    /// <summary>Whether it is loaded.</summary>
    public bool IsLoaded { get; set; } = true;

    /// <summary>Whether the process has CAP_SYS_ADMIN.</summary>
    public bool IsRoot { get; set; } = true;

    /// <summary>The version it tells.</summary>
    public uint Version { get; set; } = SignalModuleControl.InterfaceVersion;

    /// <summary>What each call answers before the rules have their say.</summary>
    public Errno Fault { get; set; }

    /// <summary>The channels there are, by instance and relid (0: the primary), and what calls the host.</summary>
    public Dictionary<(Guid Instance, uint Relid), Channel> Channels { get; } = [];

    /// <summary>How many descriptors are open.</summary>
    public int Open
    {
        get
        {
            lock (_lock)
                return _open.Count;
        }
    }

    public ISignalFile OpenNode(DeviceAccess access)
    {
        if (!IsLoaded)
            throw new ErrnoException("open of the module", Errno.NoSuchFile);
        var file = new File(this, access);
        lock (_lock)
            _open.Add(file);
        return file;
    }

    /// <summary>The driver lets a device go: its channels end.</summary>
    public void End(Guid instance)
    {
        lock (_lock)
        {
            foreach (File file in _open)
                file.End(instance);
        }
    }

    internal sealed class Channel(int? monitorId, int? uioDescriptor = null, Action? call = null)
    {
        public int? MonitorId => monitorId;

        public int? UioDescriptor => uioDescriptor;

        public bool IsKept { get; set; }

        public int Holders { get; set; }

        public bool IsLowLatency => IsKept || Holders > 0;

        public long Calls { get; set; }

        public void Call()
        {
            Calls++;
            call?.Invoke();
        }
    }

    private sealed class File(StandInModule module, DeviceAccess access) : ISignalFile
    {
        private (Guid Instance, uint Relid)? _bound;
        private bool _maySignal;
        private bool _isAdmin;
        private bool _holds;
        private bool _ended;
        private bool _closed;

        public int Descriptor => throw new NotSupportedException();

        public void End(Guid instance)
        {
            if (_bound?.Instance != instance)
                return;
            Drop();
            _ended = true;
        }

        Errno ISignalFile.Version(out uint version)
        {
            version = module.Version;
            return Look();
        }

        public Errno Bind(Guid instance, uint relid, int uioDescriptor)
        {
            lock (module._lock)
            {
                if (Look() is not Errno.None and var fault)
                    return fault;
                if (_bound is not null)
                    return Errno.Busy;
                bool writes = access == DeviceAccess.ReadWrite, hasUio = uioDescriptor != SignalModuleBind.NoUio;
                if (hasUio && !writes)
                    return Errno.InvalidArgument;
                if (writes && !hasUio && !module.IsRoot)
                    return Errno.OperationNotPermitted;
                if (!module.Channels.TryGetValue((instance, relid), out Channel? channel))
                    return Errno.NoSuchFile;
                if (hasUio && channel.UioDescriptor != uioDescriptor)
                    return Errno.AccessDenied;
                _bound = (instance, relid);
                (_maySignal, _isAdmin) = (writes, writes && !hasUio);
                return Errno.None;
            }
        }

        public Errno Signal()
        {
            lock (module._lock)
            {
                if (Find(out Channel channel) is not Errno.None and var error)
                    return error;
                if (!_maySignal)
                    return Errno.BadDescriptor;
                channel.Call();
                return Errno.None;
            }
        }

        public Errno SetLowLatency(bool enable, bool keep)
        {
            lock (module._lock)
            {
                if (Find(out Channel channel) is not Errno.None and var error)
                    return error;
                if (!_maySignal)
                    return Errno.BadDescriptor;
                if (keep && !_isAdmin)
                    return Errno.OperationNotPermitted;
                if (keep)
                    channel.IsKept = enable;
                else if (_holds != enable)
                    (_holds, channel.Holders) = (enable, channel.Holders + (enable ? 1 : -1));
                return Errno.None;
            }
        }

        public Errno GetState(out SignalModuleState state)
        {
            lock (module._lock)
            {
                state = default;
                if (Find(out Channel channel) is not Errno.None and var error)
                    return error;
                state = new SignalModuleState
                {
                    Instance = _bound!.Value.Instance,
                    Relid = _bound.Value.Relid,
                    MonitorId = (uint?)channel.MonitorId ?? SignalModuleState.NoMonitor,
                    Holders = (uint)channel.Holders,
                    Hypercalls = (ulong)channel.Calls,
                    Flags = SignalModuleFlags.Open
                        | Of(channel.MonitorId is not null, SignalModuleFlags.Monitored) | Of(channel.IsLowLatency, SignalModuleFlags.LowLatency)
                        | Of(_holds, SignalModuleFlags.Held) | Of(channel.IsKept, SignalModuleFlags.Kept)
                        | Of(channel.UioDescriptor is not null, SignalModuleFlags.Uio)
                        | Of(_maySignal, SignalModuleFlags.MaySignal) | Of(_isAdmin, SignalModuleFlags.MayKeep),
                };
                return Errno.None;
            }

            static SignalModuleFlags Of(bool isSet, SignalModuleFlags flag) => isSet ? flag : SignalModuleFlags.None;
        }

        public void Dispose()
        {
            lock (module._lock)
            {
                if (_closed)
                    return;
                _closed = true;
                Drop();
                module._open.Remove(this);
            }
        }

        private void Drop()
        {
            if (_holds && _bound is { } bound)
                module.Channels[bound].Holders--;
            _holds = false;
        }

        private Errno Find(out Channel channel)
        {
            channel = null!;
            if (Look() is not Errno.None and var fault)
                return fault;
            if (_bound is not { } bound)
                return Errno.BadState;
            return !_ended && module.Channels.TryGetValue(bound, out channel!) ? Errno.None : Errno.NoSuchDevice;
        }

        private Errno Look()
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            return module.Fault;
        }
    }
}
