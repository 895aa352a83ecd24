// An event flag of a guest's VP, set by the host through a trigger, or by a call.

using System.Runtime.Versioning;
using VmBus.Interop.Windows.Whp;
using VmBus.Layout;
using VmBus.Partitions;
using VmBus.Protocol.Messages;
using VmBus.Signals;

namespace VmBus.Backends.Whp;

/// <summary>An event flag. With a trigger every signal succeeds, whatever the guest's SynIC makes of it.</summary>
[SupportedOSPlatform("windows")]
internal sealed class WhpEventFlag : IEventFlag
{
    private readonly WhpPartition _partition;
    private readonly WhpTrigger? _trigger;
    private readonly byte _sint;
    private readonly ushort _flag;
    private readonly Lock _sync = new();
    private uint _vp;
    private uint? _connection;

    public WhpEventFlag(WhpPartition partition, MessageTarget target, int flag, bool useTrigger)
    {
        _partition = partition;
        _sint = target.Sint;
        _flag = (ushort)flag;
        _vp = target.Vp;
        _trigger = useTrigger ? partition.Vm.TryCreateTrigger(Target(target.Vp)) : null;
    }

    public SignalCapabilities Capabilities { get; private set; } = SignalCapabilities.Hypercall;

    public HypercallStatus Signal()
    {
        if (_trigger is null)
            return WhpPartition.Status(_partition.Vm.SignalEvent(Target(Volatile.Read(ref _vp)), out _), "WHvSignalVirtualProcessorSynicEvent");
        _trigger.Signal();
        return HypercallStatus.Success;
    }

    public uint? ConnectMonitor()
    {
        lock (_sync)
        {
            Capabilities |= SignalCapabilities.Monitor | SignalCapabilities.LatencyHint;
            return _connection ??= _partition.ConnectFlag(this);
        }
    }

    public void Retarget(uint vp)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(vp, (uint)_partition.VpCount);
        lock (_sync)
        {
            _trigger?.Update(Target(vp));
            Volatile.Write(ref _vp, vp);
        }
    }

    public void Dispose()
    {
        lock (_sync)
        {
            if (_connection is { } connection)
                _partition.DisconnectFlag(connection);
            _connection = null;
        }
        _trigger?.Dispose();
    }

    private WhpSynicEvent Target(uint vp) => new() { VpIndex = vp, TargetSint = _sint, FlagNumber = _flag };
}
