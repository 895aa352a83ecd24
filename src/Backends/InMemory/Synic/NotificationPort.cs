// A port whose signals leave the hypervisor. Mirrors KVM_HYPERV_EVENTFD (KVM) and WHvCreateNotificationPort (WHP).

using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>
/// A notification port: a signal calls a delegate or signals an eventfd, without SynIC, flag or interrupt. It has one
/// flag, number 0, as KVM's has.
/// </summary>
internal sealed class NotificationPort : Port
{
    private readonly Action _notify;
    private long _signals;

    internal NotificationPort(Partition owner, uint id, Action notify) : base(owner, id) => _notify = notify;

    /// <summary>How many signals arrived.</summary>
    public long Signals => Volatile.Read(ref _signals);

    internal override HypercallStatus Signal(ushort flagNumber)
    {
        if (IsDeleted)
            return HypercallStatus.InvalidPortId;
        if (flagNumber != 0)
            return HypercallStatus.InvalidParameter;
        Interlocked.Increment(ref _signals);
        _notify();
        return HypercallStatus.Success;
    }
}
