// Opening and closing of channels, reserved ones as well. A close has no answer, so a guest may open again before the device
// has closed.

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class HostProtocol
{
    /// <summary>Answers <see cref="HostAction.Open"/>.</summary>
    /// <param name="offer">The channel.</param>
    /// <param name="status">
    /// <see cref="ChannelMessageStatus.Success"/> where the device serves the channel, whose event port must be there by now.
    /// </param>
    /// <exception cref="ArgumentException">There never was such an offer.</exception>
    /// <exception cref="InvalidOperationException">The channel is not being opened.</exception>
    public void CompleteOpen(OfferId offer, ChannelMessageStatus status)
    {
        if (Answered(offer) is not { } channel)
            return;
        if (channel.State is not (HostChannelState.Opening or HostChannelState.OpeningReleased))
            throw NotAsked("an open", offer);

        bool succeeded = status == ChannelMessageStatus.Success;
        HostOpenRequest request = channel.Request!;
        if (channel.State == HostChannelState.Opening)
        {
            SendOpenResult(request, status);
            channel.State = succeeded ? HostChannelState.Open : HostChannelState.Closed;
        }
        else if (succeeded)
        {
            channel.State = HostChannelState.ClosingReleased;
            Do(new HostAction.Close(offer));
        }
        else
        {
            channel.State = HostChannelState.Unoffered;
        }

        if (!succeeded)
            EndOpen(channel, request);
    }

    /// <summary>Answers <see cref="HostAction.Close"/>.</summary>
    /// <exception cref="ArgumentException">There never was such an offer.</exception>
    /// <exception cref="InvalidOperationException">The channel is not being closed.</exception>
    public void CompleteClose(OfferId offer)
    {
        if (Answered(offer) is not { } channel)
            return;
        if (channel.State is not (HostChannelState.Closing or HostChannelState.ClosingReopen or HostChannelState.ClosingReleased))
            throw NotAsked("a close", offer);

        HostOpenRequest closed = channel.Request!;
        HostOpenRequest? next = channel.Reopen;
        channel.Reopen = null;
        channel.State = channel.State == HostChannelState.ClosingReleased ? HostChannelState.Unoffered : HostChannelState.Closed;
        if (channel.State == HostChannelState.Closed && closed.ReservedTarget is { } target)
            SendAside(ChannelMessageType.CloseReservedChannelResponse, new CloseReservedChannelResponse { ChildRelid = closed.Relid }, target);
        if (next is not null && channel.Gpadls.TryGetValue(next.Gpadl, out HostGpadl? gpadl) && gpadl.State == HostGpadlState.Accepted)
            Open(channel, next);
        else if (next is not null)
            SendOpenResult(next, ChannelMessageStatus.Unsuccessful);
        EndOpen(channel, closed);
    }

    private MessageFault OnOpenChannel(ReadOnlySpan<byte> message)
    {
        OpenChannel2 open2 = ChannelMessages.Read<OpenChannel2>(message);
        OpenChannel open = open2.Open;
        HostChannel? channel = _relids[open.ChildRelid];
        if (channel is { State: HostChannelState.Revoked })
            return MessageFault.None;

        if (IsAsked(channel, open.OpenId))
            return MessageFault.WrongState;
        MessageFault fault = CheckOpen(channel, open.RingBufferGpadl, open.DownstreamPageOffset);
        uint? targetVp = Negotiated.SharesEventFlag ? 0 : open.TargetVp == OpenChannel.InterruptsDisabled ? null : open.TargetVp;
        bool choosesSignals = Negotiated.Has(FeatureFlags.GuestSpecifiedSignalParameters);
        if (fault == MessageFault.None && (targetVp >= _options.VpCount || (choosesSignals && open2.EventFlag is 0 or > HostProtocolOptions.ChannelLimit)))
            fault = MessageFault.InvalidField;
        if (fault != MessageFault.None)
        {
            SendOpenResult(open.ChildRelid, open.OpenId, ChannelMessageStatus.Unsuccessful, null);
            return fault;
        }

        var request = new HostOpenRequest(
            open.ChildRelid, open.OpenId, open.RingBufferGpadl, targetVp, open.DownstreamPageOffset,
            MemoryMarshal.AsBytes(new ReadOnlySpan<UserDefinedData>(in open.UserData)).ToArray(),
            choosesSignals ? open2.ConnectionId : channel!.ConnectionId,
            choosesSignals ? open2.EventFlag : (ushort)open.ChildRelid,
            Negotiated.Has(FeatureFlags.ChannelInterruptRedirection) && open2.Flags.HasFlag(OpenChannelFlags.RedirectInterrupt),
            targetVp is null ? null : channel!.MonitorId, null);
        if (channel!.State == HostChannelState.Closed)
        {
            Open(channel, request);
        }
        else
        {
            channel.State = HostChannelState.ClosingReopen;
            channel.Reopen = request;
        }

        return MessageFault.None;
    }

    private MessageFault OnCloseChannel(in CloseChannel message)
    {
        if (_relids[message.ChildRelid] is not { } channel)
            return MessageFault.UnknownTarget;
        if (channel.State == HostChannelState.Revoked)
            return MessageFault.None;
        if (channel.State != HostChannelState.Open || channel.IsReserved)
            return MessageFault.WrongState;
        Close(channel);
        return MessageFault.None;
    }

    private MessageFault OnOpenReserved(in OpenReservedChannel message)
    {
        HostChannel? channel = _relids[message.ChildRelid];
        MessageTarget target = TargetOf(message.TargetVp, message.TargetSint);
        if (!IsPossible(target))
            return MessageFault.InvalidField;
        if (channel is { State: HostChannelState.Revoked })
            return MessageFault.None;
        MessageFault fault = channel is { State: HostChannelState.Closing or HostChannelState.ClosingReopen }
            ? MessageFault.WrongState
            : CheckOpen(channel, message.RingBufferGpadl, message.DownstreamPageOffset);
        if (fault == MessageFault.None)
        {
            // Hyper-V does not interrupt for reserved channels, and a monitor is of no use without the connection's pages.
            Open(channel!, new HostOpenRequest(
                message.ChildRelid, 0, message.RingBufferGpadl, null, message.DownstreamPageOffset, default,
                channel!.ConnectionId, (ushort)message.ChildRelid, false, null, target));
        }
        else if (channel is not { State: HostChannelState.Opening })
        {
            SendOpenResult(message.ChildRelid, 0, ChannelMessageStatus.Unsuccessful, target);
        }

        return fault;
    }

    private MessageFault OnCloseReserved(in CloseReservedChannel message)
    {
        if (_relids[message.ChildRelid] is not { } channel)
            return MessageFault.UnknownTarget;
        MessageTarget target = TargetOf(message.TargetVp, message.TargetSint);
        if (!IsPossible(target))
            return MessageFault.InvalidField;
        if (channel.State == HostChannelState.Revoked)
        {
            SendAside(ChannelMessageType.CloseReservedChannelResponse, new CloseReservedChannelResponse { ChildRelid = channel.Relid }, target);
            return MessageFault.None;
        }

        if (channel.State != HostChannelState.Open || !channel.IsReserved)
            return MessageFault.WrongState;
        channel.Request = channel.Request! with { ReservedTarget = target };
        Close(channel);
        return MessageFault.None;
    }

    // Whether a channel can be opened, with its rings in that GPADL.
    private static MessageFault CheckOpen(HostChannel? channel, uint gpadl, uint downstreamPageOffset)
    {
        if (channel is null)
            return MessageFault.UnknownTarget;
        if (channel.State is not (HostChannelState.Closed or HostChannelState.Closing) || channel.IsReserved)
            return MessageFault.WrongState;
        if (!channel.Gpadls.TryGetValue(gpadl, out HostGpadl? rings))
            return MessageFault.UnknownTarget;
        if (rings.State != HostGpadlState.Accepted)
            return MessageFault.WrongState;
        return downstreamPageOffset == 0 || downstreamPageOffset >= rings.Assembly.PageCount ? MessageFault.InvalidField : MessageFault.None;
    }

    private void Open(HostChannel channel, HostOpenRequest request)
    {
        channel.State = HostChannelState.Opening;
        channel.Request = request;
        Do(new HostAction.Open(channel.Id, request));
    }

    private void Close(HostChannel channel)
    {
        channel.State = HostChannelState.Closing;
        channel.NextTargetVp = null;
        Do(new HostAction.Close(channel.Id));
    }

    private void EndOpen(HostChannel channel, HostOpenRequest ended)
    {
        if (ReferenceEquals(channel.Request, ended))
            channel.Request = null;
        TearDownHeld(channel);
        // Without a connection there is no guest that knows the channel: nothing kept it but its being reserved.
        if (channel.State == HostChannelState.Closed && !Negotiated.IsNegotiated)
            Release(channel);
        else if (ended.IsReserved)
            OfferSubchannels(channel);
        CheckDisconnected();
    }

    private void SendOpenResult(HostOpenRequest request, ChannelMessageStatus status) =>
        SendOpenResult(request.Relid, request.OpenId, status, request.ReservedTarget);

    private void SendOpenResult(uint relid, uint openId, ChannelMessageStatus status, MessageTarget? reserved) =>
        SendTo(reserved, ChannelMessageType.OpenChannelResult, new OpenChannelResult { ChildRelid = relid, OpenId = openId, Status = status });
}
