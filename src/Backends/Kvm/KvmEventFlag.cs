// An event flag of a guest's VP, set by the host.

using System.Runtime.Versioning;
using VmBus.Backends.Virtualization;
using VmBus.Interop.Linux;
using VmBus.Layout;
using VmBus.Protocol.Messages;

namespace VmBus.Backends.Kvm;

[SupportedOSPlatform("linux")]
internal sealed class KvmEventFlag : MonitoredFlag
{
    private readonly KvmPartition _partition;
    private readonly byte _sint;
    private readonly int _flag;
    private Aim _aim;

    public KvmEventFlag(KvmPartition partition, MessageTarget target, int flag) : base(partition.MonitoredFlags)
    {
        _partition = partition;
        _sint = target.Sint;
        _flag = flag;
        _aim = AimAt(target.Vp);
    }

    public override HypercallStatus Signal()
    {
        Aim aim = Volatile.Read(ref _aim);
        return aim.Synic.SignalEvent(_sint, _flag, aim.Interrupt);
    }

    public override void Retarget(uint vp) => Volatile.Write(ref _aim, AimAt(vp));

    private Aim AimAt(uint vp) => new(_partition.Processors[(int)vp].Synic, _partition.SintLine(new MessageTarget(vp, _sint)));

    private sealed record Aim(KvmSynic Synic, EventFd Interrupt);
}
