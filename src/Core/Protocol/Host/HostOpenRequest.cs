// What a guest asks for when it opens a channel. What OpenParams is to OpenVMM (vmbus_server channels.rs).

namespace VmBus.Protocol;

/// <summary>A guest's request to open a channel, its GPADL, target VP and offsets found good.</summary>
/// <param name="Relid">The channel.</param>
/// <param name="OpenId">The guest's number for the request; 0 of a reserved channel.</param>
/// <param name="Gpadl">The memory of both rings; accepted, and of this channel.</param>
/// <param name="TargetVp">
/// The VP that is interrupted; <see langword="null"/> where the guest wants no interrupts. VP 0 before 2.4.
/// </param>
/// <param name="DownstreamPageOffset">Where the host-to-guest ring starts in the GPADL, in 4096-byte pages; at least 1.</param>
/// <param name="UserData">The guest's bytes for the device: 120, or none for a reserved channel.</param>
/// <param name="ConnectionId">The connection the guest signals.</param>
/// <param name="EventFlag">The event flag the host signals, 1 to 2047; the relid unless the guest chose another.</param>
/// <param name="RedirectInterrupt">Whether the guest wants the channel's interrupts redirected.</param>
/// <param name="MonitorId">
/// The monitor the guest may use; none without interrupts, and none of a reserved channel, whatever the offer said.
/// </param>
/// <param name="ReservedTarget">Where answers go, if the channel is reserved.</param>
public sealed record HostOpenRequest(
    uint Relid, uint OpenId, uint Gpadl, uint? TargetVp, uint DownstreamPageOffset, ReadOnlyMemory<byte> UserData,
    uint ConnectionId, ushort EventFlag, bool RedirectInterrupt, int? MonitorId, MessageTarget? ReservedTarget)
{
    /// <summary>Whether the channel is reserved: it survives the connection it was opened in.</summary>
    public bool IsReserved => ReservedTarget is not null;
}
