// An event flag of a guest's VP, set by the host.

using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Kvm;

[SupportedOSPlatform("linux")]
internal sealed class KvmEventFlag : MonitoredFlag
{
    private readonly KvmPartition _partition;
    private readonly byte _sint;
    private readonly int _flag;
    private readonly Lock _signalling = new();
    private Aim _aim;

    public KvmEventFlag(KvmPartition partition, MessageTarget target, int flag) : base(partition.MonitoredFlags)
    {
        _partition = partition;
        _sint = target.Sint;
        _flag = flag;
        _aim = AimAt(target.Vp);
    }

    // A guest that has been told of the new VP may turn the old one off: a flag set behind its back would stay set there, and
    // interrupt no more when it is back. So a signal on its way is waited for.
    public override HypercallStatus Signal()
    {
        lock (_signalling)
            return _aim.Synic.SignalEvent(_sint, _flag, _aim.Interrupt);
    }

    public override void Retarget(uint vp)
    {
        Aim aim = AimAt(vp);
        lock (_signalling)
            _aim = aim;
    }

    private Aim AimAt(uint vp) => new(_partition.Processors[(int)vp].Synic, _partition.SintLine(new MessageTarget(vp, _sint)));

    private sealed record Aim(KvmSynic Synic, EventFd Interrupt);
}
