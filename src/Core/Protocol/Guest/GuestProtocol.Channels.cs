// Opening, moving and closing channels. Mirrors vmbus_open, vmbus_send_modifychannel and vmbus_close (Linux
// drivers/hv/channel.c).

using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class GuestProtocol
{
    /// <summary>Opens a channel. Ends in <see cref="GuestEvent.Opened"/>.</summary>
    /// <param name="relid">The channel: offered, and not open.</param>
    /// <param name="request">How.</param>
    /// <exception cref="ArgumentException">No channel has the relid, its GPADL is not one of the channel's, or a value is out of range.</exception>
    /// <exception cref="InvalidOperationException">There is no connection, the channel cannot be opened, or the host does not support what is asked for.</exception>
    public void Open(uint relid, GuestOpenRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        RequireConnection();
        KnownChannel channel = ClosedChannel(relid, request.Gpadl);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(request.UserData.Length, UserDefinedData.Size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(request.EventFlag ?? 0u, GuestProtocolOptions.MaxRelid);
        if (request.ConnectionId is not null || request.EventFlag is not null)
            RequireFeature(FeatureFlags.GuestSpecifiedSignalParameters, "signals of the guest's choice");
        if (request.RedirectInterrupt)
            RequireFeature(FeatureFlags.ChannelInterruptRedirection, "redirected interrupts");

        var open = new OpenChannel2
        {
            Open = new OpenChannel
            {
                ChildRelid = relid,
                OpenId = relid,
                RingBufferGpadl = request.Gpadl,
                TargetVp = request.TargetVp,
                DownstreamPageOffset = request.DownstreamPageOffset,
            },
            ConnectionId = request.ConnectionId ?? channel.Offer.ConnectionId,
            EventFlag = request.EventFlag ?? (ushort)relid,
            Flags = request.RedirectInterrupt ? OpenChannelFlags.RedirectInterrupt : OpenChannelFlags.None,
        };
        request.UserData.Span.CopyTo(open.Open.UserData);
        channel.State = GuestChannelState.Opening;
        channel.RingGpadl = request.Gpadl;
        channel.InterruptsDisabled = request.TargetVp == GuestOpenRequest.InterruptsDisabled;
        Post(OpenChannel.MessageType, open, Negotiated.HasOpenParameters ? OpenChannel2.Size : OpenChannel.Size);
        Start(RequestKind.Open, relid);
    }

    /// <summary>
    /// Closes a channel. The host does not answer, and gives the rings back with the teardown of their GPADL. A channel
    /// that is still opening ends as <see cref="RequestOutcome.Cancelled"/>, and is closed when the host has opened it.
    /// </summary>
    /// <param name="relid">The channel: open or opening, and not reserved.</param>
    /// <exception cref="ArgumentException">No channel has the relid.</exception>
    /// <exception cref="InvalidOperationException">There is no connection, or the channel is not open.</exception>
    public void Close(uint relid)
    {
        RequireConnection();
        KnownChannel channel = ChannelOf(relid);
        if (channel.IsReserved || channel.State is not (GuestChannelState.Open or GuestChannelState.Opening))
            throw new InvalidOperationException($"Channel {relid} is {channel.State}{(channel.IsReserved ? " and reserved" : "")}, so it cannot be closed this way.");
        if (channel.State == GuestChannelState.Opening)
        {
            channel.State = GuestChannelState.Abandoned;
            Finish(RequestKind.Open, relid, RequestOutcome.Cancelled);
        }
        else
        {
            Finish(RequestKind.ModifyChannel, relid, RequestOutcome.Cancelled);
            PostClose(channel);
        }
    }

    /// <summary>
    /// Moves the host's interrupts to another VP. Ends in <see cref="GuestEvent.ChannelModified"/>: from 5.3 on when the host
    /// has answered, before as soon as it was told (interrupts may come to the old VP for a while).
    /// </summary>
    /// <exception cref="ArgumentException">No channel has the relid, or the VP is <see cref="GuestOpenRequest.InterruptsDisabled"/>.</exception>
    /// <exception cref="InvalidOperationException">
    /// There is no connection, it is older than 4.1, the channel cannot be moved, or the host still owes the answer to an
    /// earlier move.
    /// </exception>
    public void ModifyChannel(uint relid, uint targetVp)
    {
        RequireVersion(ProtocolVersion.Win10Rs3, "moving a channel");
        KnownChannel channel = ChannelOf(relid);
        ArgumentOutOfRangeException.ThrowIfEqual(targetVp, GuestOpenRequest.InterruptsDisabled);
        if (channel.IsReserved || channel.InterruptsDisabled || channel.State != GuestChannelState.Open)
            throw new InvalidOperationException($"Channel {relid} is {channel.State} and its interrupts are {(channel.InterruptsDisabled || channel.IsReserved ? "off" : "on")}, so they cannot be moved.");
        if (channel.OwesModify || IsPending(RequestKind.ModifyChannel, relid))
            throw new InvalidOperationException($"The host has not yet answered an earlier move of channel {relid}.");
        channel.OwesModify = Negotiated.AnswersModifyChannel;
        Post(ChannelMessageType.ModifyChannel, new ModifyChannel { ChildRelid = relid, TargetVp = targetVp });
        Start(RequestKind.ModifyChannel, relid);
    }

    private KnownChannel ClosedChannel(uint relid, uint ringGpadl)
    {
        KnownChannel channel = ChannelOf(relid);
        if (channel.State != GuestChannelState.Offered)
            throw new InvalidOperationException($"Channel {relid} is {channel.State}, so it cannot be opened.");
        if (!channel.Gpadls.TryGetValue(ringGpadl, out GuestGpadl? gpadl))
            throw new ArgumentException($"GPADL 0x{ringGpadl:X} is not one of channel {relid}.");
        if (gpadl.State != GuestGpadl.Phase.Created)
            throw new InvalidOperationException($"GPADL 0x{ringGpadl:X} of channel {relid} is {gpadl.State}, so it cannot hold rings.");
        return channel;
    }

    private void PostClose(KnownChannel channel)
    {
        channel.SetClosed();
        Post(ChannelMessageType.CloseChannel, new CloseChannel { ChildRelid = channel.Relid });
    }

    // The answers about reserved channels bear no open id; the others bear ours, and Linux too asks for both to match.
    private MessageFault TakeOpenResult(OpenChannelResult result)
    {
        if (!_channels.TryGetValue(result.ChildRelid, out KnownChannel? channel))
            return MessageFault.UnknownTarget;
        if (channel.State is not (GuestChannelState.Opening or GuestChannelState.Abandoned))
            return MessageFault.WrongState;
        if (IsHostSilent && !channel.IsReserved)
            return MessageFault.WrongState;
        if (result.OpenId != (channel.IsReserved ? 0 : channel.Relid))
            return MessageFault.UnknownTarget;

        bool isAbandoned = channel.State == GuestChannelState.Abandoned;
        bool isOpen = result.Status == ChannelMessageStatus.Success;
        if (!isOpen)
            EndClose(channel);
        else if (!isAbandoned)
            BecomeOpen(channel);
        else if (channel.IsReserved)
            PostCloseReserved(channel, channel.ReservedTarget.Vp, channel.ReservedTarget.Sint);
        else
            PostClose(channel);
        if (isAbandoned)
            return TakeLate();
        Finish(RequestKind.Open, channel.Relid, new RequestResult(RequestOutcome.Completed, result.Status));
        return MessageFault.None;
    }

    // A move of the channel's former open is answered before this, or never: hosts drop it with the close.
    private static void BecomeOpen(KnownChannel channel)
    {
        channel.State = GuestChannelState.Open;
        channel.OwesModify = false;
    }

    private MessageFault TakeModifyResponse(ModifyChannelResponse response)
    {
        if (!_channels.TryGetValue(response.ChildRelid, out KnownChannel? channel))
            return MessageFault.UnknownTarget;
        if (!channel.OwesModify)
            return MessageFault.WrongState;
        channel.OwesModify = false;
        return Finish(RequestKind.ModifyChannel, channel.Relid, new RequestResult(RequestOutcome.Completed, response.Status))
            ? MessageFault.None
            : TakeLate();
    }

    private void OpenNotPosted(uint relid)
    {
        if (!_channels.TryGetValue(relid, out KnownChannel? channel) || channel.State is not (GuestChannelState.Opening or GuestChannelState.Abandoned))
            return;
        EndClose(channel);
        Finish(RequestKind.Open, relid, RequestOutcome.NotPosted);
    }

    private void ModifyNotPosted(uint relid)
    {
        if (_channels.TryGetValue(relid, out KnownChannel? channel))
            channel.OwesModify = false;
        Finish(RequestKind.ModifyChannel, relid, RequestOutcome.NotPosted);
    }
}
