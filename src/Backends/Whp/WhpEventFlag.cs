// An event flag of a guest's VP, set by the host through a trigger, or by a call.

using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Whp;

/// <summary>An event flag. With a trigger every signal succeeds, whatever the guest's SynIC makes of it.</summary>
[SupportedOSPlatform("windows")]
internal sealed class WhpEventFlag : MonitoredFlag
{
    private readonly WhpPartition _partition;
    private readonly WhpTrigger? _trigger;
    private readonly byte _sint;
    private readonly ushort _flag;
    private uint _vp;

    public WhpEventFlag(WhpPartition partition, MessageTarget target, int flag, bool useTrigger) : base(partition.MonitoredFlags)
    {
        _partition = partition;
        _sint = target.Sint;
        _flag = (ushort)flag;
        _vp = target.Vp;
        _trigger = useTrigger ? partition.Vm.TryCreateTrigger(Target(target.Vp)) : null;
    }

    public override HypercallStatus Signal()
    {
        if (_trigger is null)
            return WhpPartition.Status(_partition.Vm.SignalEvent(Target(Volatile.Read(ref _vp)), out _), "WHvSignalVirtualProcessorSynicEvent");
        _trigger.Signal();
        return HypercallStatus.Success;
    }

    public override void Retarget(uint vp)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(vp, (uint)_partition.VpCount);
        lock (Sync)
        {
            _trigger?.Update(Target(vp));
            Volatile.Write(ref _vp, vp);
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _trigger?.Dispose();
    }

    private WhpSynicEvent Target(uint vp) => new() { VpIndex = vp, TargetSint = _sint, FlagNumber = _flag };
}
