// What a guest asks for when it opens a channel. What OpenParams is to OpenVMM (vmbus_server channels.rs).

namespace VmBus.Protocol;

/// <summary>A guest's request to open a channel, with a validated GPADL, target VP and offsets.</summary>
public sealed record HostOpenRequest
{
    internal HostOpenRequest(
        uint relid, uint openId, uint gpadl, uint? targetVp, uint downstreamPageOffset, ReadOnlyMemory<byte> userData,
        uint connectionId, ushort eventFlag, bool redirectInterrupt, int? monitorId, MessageTarget? reservedTarget)
    {
        Relid = relid;
        OpenId = openId;
        Gpadl = gpadl;
        TargetVp = targetVp;
        DownstreamPageOffset = downstreamPageOffset;
        UserData = userData;
        ConnectionId = connectionId;
        EventFlag = eventFlag;
        RedirectInterrupt = redirectInterrupt;
        MonitorId = monitorId;
        ReservedTarget = reservedTarget;
    }

    /// <summary>The channel.</summary>
    public uint Relid { get; init; }

    /// <summary>The guest's number for the request; 0 for a reserved channel.</summary>
    public uint OpenId { get; init; }

    /// <summary>The GPADL with the memory of both rings; it is accepted and belongs to this channel.</summary>
    public uint Gpadl { get; init; }

    /// <summary>The VP to interrupt; <see langword="null"/> if the guest wants no interrupts. VP 0 before 2.4.</summary>
    public uint? TargetVp { get; init; }

    /// <summary>Where the host-to-guest ring starts in the GPADL, in 4096-byte pages; at least 1.</summary>
    public uint DownstreamPageOffset { get; init; }

    /// <summary>The guest's data for the device: 120 bytes, or none for a reserved channel.</summary>
    public ReadOnlyMemory<byte> UserData { get; init; }

    /// <summary>The connection the guest signals.</summary>
    public uint ConnectionId { get; init; }

    /// <summary>The event flag the host signals, 1 to 2047; the relid unless the guest chose another flag.</summary>
    public ushort EventFlag { get; init; }

    /// <summary>Whether the guest wants the channel's interrupts redirected.</summary>
    public bool RedirectInterrupt { get; init; }

    /// <summary>
    /// The monitor that the guest can use; none without interrupts or for a reserved channel, regardless of the offer.
    /// </summary>
    public int? MonitorId { get; init; }

    /// <summary>Whether the channel is reserved: it outlives the connection on which it was opened.</summary>
    public bool IsReserved => ReservedTarget is not null;

    /// <summary>Where answers go, if the channel is reserved.</summary>
    internal MessageTarget? ReservedTarget { get; init; }
}
