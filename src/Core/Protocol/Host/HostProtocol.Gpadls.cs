// GPADLs: put together, shown to the device, torn down. The memory of a channel's rings is kept until the channel is closed,
// whatever the guest says.

namespace VmBus.Protocol;

internal sealed partial class HostProtocol
{
    // Bodies name no channel, so a handle that is still coming in is unique among all channels; others are within theirs.
    private readonly Dictionary<uint, HostChannel> _assembling = [];

    /// <summary>Answers <see cref="HostAction.CreateGpadl"/>.</summary>
    /// <param name="offer">The channel.</param>
    /// <param name="gpadl">The handle.</param>
    /// <param name="status"><see cref="ChannelMessageStatus.Success"/> where the device has the memory.</param>
    /// <exception cref="ArgumentException">There never was such an offer.</exception>
    /// <exception cref="InvalidOperationException">The GPADL waits for no such answer.</exception>
    public void CompleteCreateGpadl(OfferId offer, uint gpadl, ChannelMessageStatus status)
    {
        if (Answered(offer) is not { } channel)
            return;
        if (!channel.Gpadls.TryGetValue(gpadl, out HostGpadl? created) || created.State is not (HostGpadlState.Offered or HostGpadlState.OfferedReleased))
            throw NotAsked($"the creation of GPADL {gpadl}", offer);

        bool succeeded = status == ChannelMessageStatus.Success;
        if (created.State == HostGpadlState.Offered)
        {
            created.State = HostGpadlState.Accepted;
            SendGpadlCreated(channel.Relid, gpadl, status);
        }
        else if (succeeded)
        {
            TearDown(channel, created);
        }

        if (!succeeded)
            Remove(channel, created);
        CheckDisconnected();
    }

    /// <summary>Answers <see cref="HostAction.TeardownGpadl"/>.</summary>
    /// <exception cref="ArgumentException">There never was such an offer.</exception>
    /// <exception cref="InvalidOperationException">The GPADL waits for no such answer.</exception>
    public void CompleteTeardownGpadl(OfferId offer, uint gpadl)
    {
        if (Answered(offer) is not { } channel)
            return;
        if (!channel.Gpadls.TryGetValue(gpadl, out HostGpadl? torn) || torn.State != HostGpadlState.TearingDown)
            throw NotAsked($"the teardown of GPADL {gpadl}", offer);
        Remove(channel, torn);
        if (channel.Relid != 0 && Negotiated.IsNegotiated)
            SendGpadlTorndown(gpadl);
        CheckDisconnected();
    }

    private MessageFault OnGpadlHeader(ReadOnlySpan<byte> message)
    {
        GpadlHeader header = ChannelMessages.Read<GpadlHeader>(message);
        MessageFault fault = BeginGpadl(header, message[GpadlHeader.Size..]);
        if (fault != MessageFault.None)
            SendGpadlCreated(header.ChildRelid, header.Gpadl, ChannelMessageStatus.Unsuccessful);
        return fault;
    }

    private MessageFault BeginGpadl(in GpadlHeader header, ReadOnlySpan<byte> rangeBytes)
    {
        if (_relids[header.ChildRelid] is not { } channel)
            return MessageFault.UnknownTarget;
        if (channel.IsReserved || channel.Gpadls.ContainsKey(header.Gpadl) || _assembling.ContainsKey(header.Gpadl))
            return MessageFault.WrongState;
        MessageFault fault = GpadlAssembly.Check(header, out int pageCount);
        if (fault != MessageFault.None)
            return fault;
        if (GpadlCount >= _options.MaxGpadls || GpadlPages + pageCount > _options.MaxGpadlPages)
            return MessageFault.LimitExceeded;

        var gpadl = new HostGpadl(header.Gpadl, new GpadlAssembly(header, rangeBytes));
        channel.Gpadls.Add(gpadl.Handle, gpadl);
        _assembling.Add(gpadl.Handle, channel);
        GpadlCount++;
        GpadlPages += pageCount;
        return gpadl.Assembly.IsComplete ? FinishGpadl(channel, gpadl) : MessageFault.None;
    }

    private MessageFault OnGpadlBody(ReadOnlySpan<byte> message)
    {
        GpadlBody body = ChannelMessages.Read<GpadlBody>(message);
        if (!_assembling.TryGetValue(body.Gpadl, out HostChannel? channel))
            return MessageFault.UnknownTarget;
        HostGpadl gpadl = channel.Gpadls[body.Gpadl];
        MessageFault fault = gpadl.Assembly.Append(message[GpadlBody.Size..]);
        if (fault != MessageFault.None || !gpadl.Assembly.IsComplete)
            return fault;
        fault = FinishGpadl(channel, gpadl);
        if (fault != MessageFault.None)
            SendGpadlCreated(channel.Relid, gpadl.Handle, ChannelMessageStatus.Unsuccessful);
        return fault;
    }

    private MessageFault FinishGpadl(HostChannel channel, HostGpadl gpadl)
    {
        MessageFault fault = gpadl.Assembly.Decode(out IReadOnlyList<GpadlRange> ranges);
        if (fault != MessageFault.None)
        {
            Remove(channel, gpadl);
            return fault;
        }

        _assembling.Remove(gpadl.Handle);
        if (channel.State == HostChannelState.Revoked)
        {
            // No device is left to ask, and the guest, which does not know yet, tears it down when it does.
            gpadl.State = HostGpadlState.Accepted;
            SendGpadlCreated(channel.Relid, gpadl.Handle, ChannelMessageStatus.Success);
            return MessageFault.None;
        }

        gpadl.State = HostGpadlState.Offered;
        Do(new HostAction.CreateGpadl(channel.Id, channel.Relid, gpadl.Handle, ranges));
        return MessageFault.None;
    }

    private MessageFault OnGpadlTeardown(in GpadlTeardown message)
    {
        if (_relids[message.ChildRelid] is not { } channel || !channel.Gpadls.TryGetValue(message.Gpadl, out HostGpadl? gpadl))
            return MessageFault.UnknownTarget;
        if (gpadl.State != HostGpadlState.Accepted || channel.IsReserved)
            return MessageFault.WrongState;
        if (channel.State == HostChannelState.Revoked)
        {
            Remove(channel, gpadl);
            SendGpadlTorndown(gpadl.Handle);
            return MessageFault.None;
        }

        TearDown(channel, gpadl);
        return MessageFault.None;
    }

    private void TearDown(HostChannel channel, HostGpadl gpadl)
    {
        bool hasRings = channel.Request?.Gpadl == gpadl.Handle || channel.Reopen?.Gpadl == gpadl.Handle;
        gpadl.State = hasRings ? HostGpadlState.TeardownHeld : HostGpadlState.TearingDown;
        if (!hasRings)
            Do(new HostAction.TeardownGpadl(channel.Id, gpadl.Handle));
    }

    // To be called when a channel's rings are no longer where they were.
    private void TearDownHeld(HostChannel channel)
    {
        foreach (HostGpadl gpadl in channel.Gpadls.Values)
        {
            if (gpadl.State == HostGpadlState.TeardownHeld)
                TearDown(channel, gpadl);
        }
    }

    private void ReleaseGpadls(HostChannel channel, bool isRevoked)
    {
        foreach (HostGpadl gpadl in channel.Gpadls.Values.ToArray())
        {
            if (isRevoked || gpadl.State == HostGpadlState.Assembling)
                Remove(channel, gpadl);
            else if (gpadl.State == HostGpadlState.Offered)
                gpadl.State = HostGpadlState.OfferedReleased;
            else if (gpadl.State == HostGpadlState.Accepted)
                TearDown(channel, gpadl);
        }
    }

    // What the device was asked about a revoked channel's GPADLs it no longer answers. What the guest has, it tears down.
    private void AnswerGpadlsOfRevoked(HostChannel channel, bool known)
    {
        foreach (HostGpadl gpadl in channel.Gpadls.Values.ToArray())
        {
            if (gpadl.State is HostGpadlState.Assembling or HostGpadlState.Accepted)
                continue;
            Remove(channel, gpadl);
            if (!known)
                continue;
            if (gpadl.State == HostGpadlState.Offered)
                SendGpadlCreated(channel.Relid, gpadl.Handle, ChannelMessageStatus.Unsuccessful);
            else
                SendGpadlTorndown(gpadl.Handle);
        }
    }

    private void Remove(HostChannel channel, HostGpadl gpadl)
    {
        channel.Gpadls.Remove(gpadl.Handle);
        if (gpadl.State == HostGpadlState.Assembling)
            _assembling.Remove(gpadl.Handle);
        GpadlCount--;
        GpadlPages -= gpadl.Assembly.PageCount;
    }

    private void SendGpadlCreated(uint relid, uint gpadl, ChannelMessageStatus status) =>
        Send(ChannelMessageType.GpadlCreated, new GpadlCreated { ChildRelid = relid, Gpadl = gpadl, Status = status });

    private void SendGpadlTorndown(uint gpadl) => Send(ChannelMessageType.GpadlTorndown, new GpadlTorndown { Gpadl = gpadl });
}
