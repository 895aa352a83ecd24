// An event flag of a guest's VP, set by the host.

using System.Runtime.Versioning;
using VmBus.Interop.Linux;
using VmBus.Layout;
using VmBus.Partitions;
using VmBus.Protocol.Messages;
using VmBus.Signals;

namespace VmBus.Backends.Kvm;

[SupportedOSPlatform("linux")]
internal sealed class KvmEventFlag : IEventFlag
{
    private readonly KvmPartition _partition;
    private readonly byte _sint;
    private readonly int _flag;
    private readonly Lock _sync = new();
    private Aim _aim;
    private uint? _connection;

    public KvmEventFlag(KvmPartition partition, MessageTarget target, int flag)
    {
        _partition = partition;
        _sint = target.Sint;
        _flag = flag;
        _aim = AimAt(target.Vp);
    }

    public SignalCapabilities Capabilities { get; private set; } = SignalCapabilities.Hypercall;

    public HypercallStatus Signal()
    {
        Aim aim = Volatile.Read(ref _aim);
        return aim.Synic.SignalEvent(_sint, _flag, aim.Interrupt);
    }

    public uint? ConnectMonitor()
    {
        lock (_sync)
        {
            Capabilities |= SignalCapabilities.Monitor | SignalCapabilities.LatencyHint;
            return _connection ??= _partition.ConnectFlag(this);
        }
    }

    public void Retarget(uint vp) => Volatile.Write(ref _aim, AimAt(vp));

    public void Dispose()
    {
        lock (_sync)
        {
            if (_connection is { } connection)
                _partition.DisconnectFlag(connection);
            _connection = null;
        }
    }

    private Aim AimAt(uint vp) => new(_partition.Processors[(int)vp].Synic, _partition.SintLine(new MessageTarget(vp, _sint)));

    private sealed record Aim(KvmSynic Synic, EventFd Interrupt);
}
