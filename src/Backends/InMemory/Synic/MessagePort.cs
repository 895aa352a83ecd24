// A port whose messages appear in a VP's message page. Mirrors HvPortTypeMessage (TLFS, HV_PORT_INFO.MessagePortInfo).

using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>
/// A message port: a message waits in one of the port's buffers until the slot of its SINT is free. Messages of one
/// port arrive in the order they were posted.
/// </summary>
internal sealed class MessagePort : Port
{
    private long _posted;
    private long _delivered;

    internal MessagePort(Partition owner, uint id, VirtualProcessor target, int sint, int buffers) : base(owner, id)
    {
        Target = target;
        Sint = sint;
        Buffers = buffers;
    }

    /// <summary>The VP that receives.</summary>
    public VirtualProcessor Target { get; }

    /// <summary>The SINT, 0 to 15.</summary>
    public int Sint { get; }

    /// <summary>How many messages can wait.</summary>
    public int Buffers { get; }

    /// <summary>How many messages were accepted.</summary>
    public long Posted => Volatile.Read(ref _posted);

    /// <summary>How many messages reached the message page.</summary>
    public long Delivered => Volatile.Read(ref _delivered);

    /// <summary>How many messages wait in buffers. Guarded by the SynIC's lock.</summary>
    internal int Queued { get; set; }

    internal override HypercallStatus Post(SynicMessageType type, ReadOnlySpan<byte> payload)
    {
        if (IsDeleted)
            return HypercallStatus.InvalidPortId;
        SynicMessage message = MessageSlot.Compose(type, Id, payload);
        HypercallStatus status = Target.Synic.Post(this, message);
        if (status == HypercallStatus.Success)
            Interlocked.Increment(ref _posted);
        return status;
    }

    internal void MessageDelivered() => Interlocked.Increment(ref _delivered);

    private protected override void OnDeleted() => Target.Synic.Discard(this);
}
