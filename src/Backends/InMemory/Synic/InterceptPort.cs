// A port whose messages leave the hypervisor. Mirrors what a VMM makes of an exit for HvPostMessage (KVM_EXIT_HYPERV_HCALL,
// WHvRunVpExitReasonHypercall).

using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>A message port without buffers: each message goes to a delegate, whose status the sender gets.</summary>
internal sealed class InterceptPort : Port
{
    private readonly GuestMessageHandler _handler;
    private long _messages;

    internal InterceptPort(Partition owner, uint id, GuestMessageHandler handler) : base(owner, id) => _handler = handler;

    /// <summary>How many messages were taken.</summary>
    public long Messages => Volatile.Read(ref _messages);

    internal override HypercallStatus Post(SynicMessageType type, ReadOnlySpan<byte> payload)
    {
        if (IsDeleted)
            return HypercallStatus.InvalidPortId;
        // The port is the one of VMBus: a message of another type has no receiver.
        if (type != SynicMessageType.Channel)
            return HypercallStatus.InvalidParameter;
        HypercallStatus status = _handler(payload);
        if (status == HypercallStatus.Success)
            Interlocked.Increment(ref _messages);
        return status;
    }
}
