// Channels beside the connection, for debuggers and dumps: their host's messages go where the request says, and they
// outlive the connection. Facts: OpenReservedChannel and CloseReservedChannel of OpenVMM (vmbus_server channels.rs).

using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class GuestProtocol
{
    /// <summary>
    /// Opens a channel beside the connection: without interrupts, without a monitor whatever its offer says, and with a
    /// message slot of its own. Ends in <see cref="GuestEvent.Opened"/>. Once open it outlives the connection; while it is
    /// opening or closing it does not.
    /// </summary>
    /// <param name="relid">The channel: offered, and not open.</param>
    /// <param name="vp">The VP the host's messages about it go to, by index.</param>
    /// <param name="sint">Their SINT, 0 to 15.</param>
    /// <param name="gpadl">The GPADL of both rings; created for the channel.</param>
    /// <param name="downstreamPageOffset">Where in it the host's outgoing ring begins, in pages of 4096 bytes.</param>
    /// <exception cref="ArgumentException">No channel has the relid, the GPADL is not one of the channel's, or there is no such SINT.</exception>
    /// <exception cref="InvalidOperationException">
    /// There is no connection, it is older than 4.0, the channel cannot be opened, or the host owes an answer about one of
    /// its GPADLs.
    /// </exception>
    public void OpenReserved(uint relid, uint vp, byte sint, uint gpadl, uint downstreamPageOffset)
    {
        RequireVersion(ProtocolVersion.Win10, "reserved channels");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sint, 15);
        KnownChannel channel = ClosedChannel(relid, gpadl);
        // What is under way could not be put right any more, and the connection's end would not end it.
        if (channel.Gpadls.Values.FirstOrDefault(other => other.State != GuestGpadl.Phase.Created) is { } unsettled)
            throw new InvalidOperationException($"GPADL 0x{unsettled.Handle:X} of channel {relid} is {unsettled.State}, so the channel cannot be opened as a reserved one.");
        channel.State = GuestChannelState.Opening;
        channel.IsReserved = true;
        channel.ReservedTarget = (vp, sint);
        channel.RingGpadl = gpadl;
        Post(ChannelMessageType.OpenReservedChannel, new OpenReservedChannel
        {
            ChildRelid = relid,
            TargetVp = vp,
            TargetSint = sint,
            RingBufferGpadl = gpadl,
            DownstreamPageOffset = downstreamPageOffset,
        });
        Start(RequestKind.Open, relid);
    }

    /// <summary>
    /// Closes a reserved channel, also one that has outlived its connection. Ends in <see cref="GuestEvent.ReservedClosed"/>. One
    /// that is still opening ends as <see cref="RequestOutcome.Cancelled"/> first. Without a connection the channel is forgotten
    /// when the host has closed it, and its memory is free.
    /// </summary>
    /// <param name="relid">The channel: reserved, open or opening.</param>
    /// <param name="vp">The VP the answer goes to, by index.</param>
    /// <param name="sint">Its SINT, 0 to 15.</param>
    /// <exception cref="ArgumentException">No channel has the relid, or there is no such SINT.</exception>
    /// <exception cref="InvalidOperationException">
    /// The connection is being made or left, or is older than 4.0, or the channel is not open and reserved.
    /// </exception>
    public void CloseReserved(uint relid, uint vp, byte sint)
    {
        if (State != GuestConnectionState.Disconnected || StateOf(relid) is null)
            RequireVersion(ProtocolVersion.Win10, "reserved channels");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sint, 15);
        KnownChannel channel = ChannelOf(relid);
        if (!channel.IsReserved || channel.State is not (GuestChannelState.Open or GuestChannelState.Opening))
            throw new InvalidOperationException($"Channel {relid} is {channel.State}{(channel.IsReserved ? "" : " and not reserved")}, so it cannot be closed this way.");
        if (channel.State == GuestChannelState.Opening)
        {
            channel.State = GuestChannelState.Abandoned;
            channel.ReservedTarget = (vp, sint);
            Finish(RequestKind.Open, relid, RequestOutcome.Cancelled);
        }
        else
        {
            PostCloseReserved(channel, vp, sint);
        }
        Start(RequestKind.CloseReserved, relid);
    }

    private void PostCloseReserved(KnownChannel channel, uint vp, uint sint)
    {
        channel.State = GuestChannelState.Closing;
        Post(ChannelMessageType.CloseReservedChannel, new CloseReservedChannel { ChildRelid = channel.Relid, TargetVp = vp, TargetSint = sint });
    }

    private MessageFault TakeCloseReservedResponse(CloseReservedChannelResponse response)
    {
        if (!_channels.TryGetValue(response.ChildRelid, out KnownChannel? channel))
            return MessageFault.UnknownTarget;
        if (channel.State != GuestChannelState.Closing)
            return MessageFault.WrongState;
        bool isAwaited = EndClose(channel);
        if (!IsConnected)
            ForgetChannel(channel, RequestOutcome.Disconnected);
        return isAwaited ? MessageFault.None : TakeLate();
    }

    private bool EndClose(KnownChannel channel)
    {
        channel.SetClosed();
        return Finish(RequestKind.CloseReserved, channel.Relid, RequestResult.Success);
    }

    private void CloseReservedNotPosted(uint relid, HypercallStatus status)
    {
        if (!_channels.TryGetValue(relid, out KnownChannel? channel) || channel.State != GuestChannelState.Closing)
            return;
        channel.State = GuestChannelState.Open;
        if (!Finish(RequestKind.CloseReserved, relid, RequestOutcome.NotPosted))
            Emit(new GuestEvent.NotPosted(ChannelMessageType.CloseReservedChannel, relid, status));
    }
}
