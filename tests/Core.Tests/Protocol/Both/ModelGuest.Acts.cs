using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Core.Tests.Protocol.Both;

internal sealed partial class ModelGuest
{
    private static readonly Act[] Likely =
    [
        Act.CreateGpadl, Act.CreateGpadl, Act.CreateGpadl, Act.CreateGpadl, Act.CreateGpadl, Act.Open, Act.Open, Act.Open, Act.Open, Act.Open, Act.Close, Act.Close,
        Act.TeardownGpadl, Act.TeardownGpadl, Act.Modify, Act.Modify, Act.Release, Act.Release, Act.OpenReserved, Act.OpenReserved, Act.OpenReserved, Act.CloseReserved, Act.CloseReserved, Act.ConnectSocket,
        Act.ModifyConnection, Act.Pause, Act.Resume, Act.Resume, Act.Unload,
    ];

    private ulong _nextFrame = ((ulong)life << 32) + 1;

    private enum Act
    {
        CreateGpadl,
        TeardownGpadl,
        Open,
        Close,
        Modify,
        Release,
        OpenReserved,
        CloseReserved,
        ConnectSocket,
        ModifyConnection,
        Pause,
        Resume,
        Unload,
    }

    private bool IsConnected => protocol.State is GuestConnectionState.Connected or GuestConnectionState.Pausing or GuestConnectionState.Paused;

    /// <summary>Asks for something that the model allows.</summary>
    public void DoSomething(ref Dice dice)
    {
        if (protocol.State == GuestConnectionState.Disconnected)
        {
            Connect(ref dice);
        }
        else if (protocol.State == GuestConnectionState.Negotiating)
        {
            if (dice.OneIn(8))
                Unload();
        }
        else if (IsConnected)
        {
            if (protocol.State != GuestConnectionState.Connected)
                tally.Count(Situation.RequestDuringPause);
            if (!_offersAsked && !dice.OneIn(8))
            {
                RequestOffers();
                return;
            }

            for (int tries = 0; tries < 6 && !TryDo(Likely[dice.Below(Likely.Length)], ref dice); tries++)
            {
            }
        }
    }

    public void Connect(ref Dice dice)
    {
        Say("Connect");
        if (IsContactOut)
            tally.Count(Situation.DrainBeforeConnect);
        _mayMistake |= IsContactOut && IsUnloadOut;
        _drainingSince = IsContactOut ? clock.GetTimestamp() : null;
        GivenBack.Clear();
        GaveUp.Clear();
        _offersAsked = _mayOwePause = _mayOweModifyConnection = false;
        IsContactOut = true;
        _pending.Add((Ask.Connect, 0));
        protocol.Connect(dice.OneIn(4) ? default : new GuestPages(0x3000, 0x1000, 0x2000));
    }

    /// <summary>Makes a GPADL or two for each channel.</summary>
    public void CreateSome(ref Dice dice)
    {
        foreach (Channel channel in _channels)
        {
            for (int gpadls = dice.Below(3); gpadls > 0; gpadls--)
                Create(channel, ref dice);
        }
    }

    public void RequestOffers()
    {
        Say("RequestOffers");
        _offersAsked = true;
        _pending.Add((Ask.Offers, 0));
        protocol.RequestOffers();
    }

    public void Resume()
    {
        Say("Resume");
        protocol.Resume();
    }

    public void Unload()
    {
        Say("Unload");
        if (protocol.State == GuestConnectionState.Negotiating)
            tally.Count(Situation.UnloadWhileNegotiating);
        else if (protocol.State == GuestConnectionState.Paused)
            tally.Count(Situation.UnloadWhilePaused);
        if (_channels.Exists(channel => channel is { Phase: Phase.Open, IsReserved: false }))
            tally.Count(Situation.UnloadWithOpenChannels);
        if (_pending.Count > 1)
            tally.Count(Situation.UnloadWithRequests);
        // What comes to an end by this is told channel by channel, and then the channels are gone.
        bool isNegotiating = protocol.State == GuestConnectionState.Negotiating;
        _mayMistake |= isNegotiating && (IsUnloadOut || _drainingSince is not null);
        protocol.Unload();
        TakeEndOfRequests();
        foreach (Channel channel in _channels.Where(channel => channel is not { IsReserved: true, Phase: Phase.Open, IsRescinded: false }).ToArray())
        {
            _channels.Remove(channel);
            if (channel.IsReserved)
                Orphans.Add(channel.Relid);
            foreach (Memory memory in channel.Gpadls)
            {
                _lent.Remove(memory.Frame);
                (channel.IsReserved ? Limbo : _leaving).Add(memory.Frame);
            }
        }

        if (isNegotiating)
            _answersUnload = false;
        _pending.Add((Ask.Unload, 0));
        IsUnloadOut = true;
    }

    /// <summary>Makes a step towards having nothing left but the connection.</summary>
    /// <returns>Whether there was something to do.</returns>
    public bool TidyUp()
    {
        foreach (Channel channel in _channels)
        {
            if (channel.IsRescinded)
                Release(channel);
            else if (channel.Phase == Phase.Open && channel.IsReserved)
                CloseReserved(channel);
            else if (channel.Phase == Phase.Open)
                Close(channel);
            else if (channel.Gpadls.Find(gpadl => gpadl.Phase == MemoryPhase.Ready) is { } memory)
                Teardown(memory);
            else
                continue;
            return true;
        }

        return false;
    }

    /// <summary>Asks for everything again that the host may have owed an answer to: by now it owes none.</summary>
    public void AskForWhatWasOwed()
    {
        foreach (Channel channel in _channels)
        {
            channel.MayOweModify = false;
            if (MayModify(channel))
                Modify(channel, 0);
        }

        _mayOweModifyConnection = _mayOwePause = false;
        if (MayMoveMonitorPages)
            MoveMonitorPages(0x5000);
        if (MayPause)
            Pause();
    }

    private bool MayMoveMonitorPages =>
        protocol.Negotiated.Has(FeatureFlags.ModifyConnection) && !protocol.AreServerMonitorPages && !_pending.Contains((Ask.ModifyConnection, 0));

    private bool MayPause => protocol.State == GuestConnectionState.Connected && protocol.Negotiated.Has(FeatureFlags.PauseResume);

    private bool MayModify(Channel channel) =>
        protocol.Negotiated.CanModifyChannel && channel is { Phase: Phase.Open, IsReserved: false, HasInterrupts: true, IsRescinded: false } && !_pending.Contains((Ask.Modify, channel.Relid));

    private bool TryDo(Act act, ref Dice dice)
    {
        Channel? channel = _channels.Count == 0 ? null : _channels[dice.Below(_channels.Count)];
        switch (act)
        {
            case Act.CreateGpadl when channel is { IsRescinded: false, IsReserved: false, Gpadls.Count: < 3 }:
                Create(channel, ref dice);
                return true;
            case Act.TeardownGpadl when channel is { IsReserved: false, Gpadls.Count: > 0 }:
                Memory memory = channel.Gpadls[dice.Below(channel.Gpadls.Count)];
                if (memory.Handle == channel.Ring || _pending.Contains((Ask.Teardown, memory.Handle)))
                    return false;
                Teardown(memory);
                return true;
            case Act.Open or Act.OpenReserved when channel is { IsRescinded: false } && MayOpen(channel) && channel.Gpadls.Find(gpadl => gpadl.Phase == MemoryPhase.Ready) is { } rings:
                return act == Act.Open ? Open(channel, rings, ref dice) : OpenReserved(channel, rings);
            case Act.Close when channel is { IsRescinded: false, IsReserved: false, Phase: Phase.Open or Phase.Opening }:
                Close(channel);
                return true;
            case Act.CloseReserved when channel is { IsRescinded: false, IsReserved: true, Phase: Phase.Open or Phase.Opening }:
                CloseReserved(channel);
                return true;
            case Act.Modify when channel is not null && MayModify(channel):
                Modify(channel, (uint)dice.Below(4));
                return true;
            // A primary channel stays: the host may be about to offer a subchannel of it.
            case Act.Release when channel is { IsRescinded: true } || (dice.OneIn(4) && channel is { Phase: Phase.Closed, Gpadls.Count: 0 }
                && (!channel.Offer.IsPrimary || channel.Offer.InterfaceType == ModelHost.SocketClass)):
                Release(channel);
                return true;
            case Act.ConnectSocket when protocol.Negotiated.HasTransportConnect && _sockets.Count < 40:
                ConnectSocket(ref dice);
                return true;
            case Act.ModifyConnection when MayMoveMonitorPages:
                MoveMonitorPages(dice.OneIn(3) ? 0 : 0x5000ul);
                return true;
            case Act.Pause when MayPause:
                Pause();
                return true;
            case Act.Resume when protocol.State == GuestConnectionState.Paused:
                Resume();
                return true;
            // A reserved channel that was taken back is one that a guest must have heard of before it leaves: nobody says so again.
            case Act.Unload when dice.OneIn(3) && !_channels.Exists(open => open is { IsReserved: true, IsRescinded: false } && devices.IsRevoked(open.Relid)):
                Unload();
                return true;
            default:
                return false;
        }
    }

    // An answer that is still to come keeps the channel; the model cannot know when it has.
    private bool MayOpen(Channel channel)
    {
        if (channel.Phase == Phase.Lost && protocol.StateOf(channel.Relid) == GuestChannelState.Offered)
        {
            tally.Count(Situation.LateOpenIsClosed);
            SetClosed(channel);
        }
        else if (channel.Phase == Phase.Closing && protocol.StateOf(channel.Relid) == GuestChannelState.Offered && !_pending.Contains((Ask.CloseReserved, channel.Relid)))
        {
            SetClosed(channel);
        }

        return channel.Phase == Phase.Closed;
    }

    /// <summary>Whether nothing of what the model takes for lost is so still; to be asked when everything was answered.</summary>
    public void KnowsWhatBecameOfEverything()
    {
        foreach (Channel channel in _channels)
        {
            if (channel.IsRescinded)
                continue;
            MayOpen(channel);
            LawException.Unless(channel.Phase is Phase.Closed or Phase.Open, $"Channel {channel.Relid} is {channel.Phase}, and the host {protocol.StateOf(channel.Relid)}, for ever.");
        }
    }

    private void Create(Channel channel, ref Dice dice)
    {
        int pages = dice.Below(8) switch { 0 => 20 + dice.Below(30), 1 => 90, _ => 2 + dice.Below(4) };
        var frames = new ulong[pages];
        Array.Fill(frames, _nextFrame++);
        if (pages > 25)
            tally.Count(Situation.GpadlInBodies);
        IReadOnlyList<GpadlRange> ranges = dice.OneIn(3)
            ? [new GpadlRange(100, 200, frames.AsMemory(0, 1)), new GpadlRange(4095, (uint)(pages - 2) * 4096 + 1, frames.AsMemory(1))]
            : [GpadlRange.OfPages(frames)];
        Say("CreateGpadl", log is null ? null : (channel.Relid, pages));
        _lent.Add(frames[0]);
        uint handle = protocol.CreateGpadl(channel.Relid, ranges);
        channel.Gpadls.Add(new Memory(handle, frames[0], pages));
        LawException.Unless(_pending.Add((Ask.Create, handle)), $"GPADL {handle:X} was given out twice.");
    }

    private void Teardown(Memory memory)
    {
        Say("TeardownGpadl", memory.Handle);
        protocol.TeardownGpadl(memory.Handle);
        if (memory.Phase == MemoryPhase.Creating)
        {
            tally.Count(Situation.TeardownWhileCreating);
            TakeEndOfRequests();
        }

        if (memory.Phase == MemoryPhase.Ready)
            memory.Phase = MemoryPhase.Tearing;
        _pending.Add((Ask.Teardown, memory.Handle));
    }

    private bool Open(Channel channel, Memory rings, ref Dice dice)
    {
        bool chooses = protocol.Negotiated.Has(FeatureFlags.GuestSpecifiedSignalParameters) && dice.OneIn(2);
        channel.HasInterrupts = !dice.OneIn(4);
        Say("Open", log is null ? null : (channel.Relid, rings.Handle));
        SetOpening(channel, rings);
        protocol.Open(channel.Relid, new GuestOpenRequest
        {
            Gpadl = rings.Handle,
            DownstreamPageOffset = 1,
            TargetVp = channel.HasInterrupts ? (uint)dice.Below(4) : GuestOpenRequest.InterruptsDisabled,
            ConnectionId = chooses ? 77u : null,
            EventFlag = chooses ? (ushort)99 : null,
            RedirectInterrupt = protocol.Negotiated.Has(FeatureFlags.ChannelInterruptRedirection) && dice.OneIn(2),
        });
        return true;
    }

    private bool OpenReserved(Channel channel, Memory rings)
    {
        if (!protocol.Negotiated.HasTransportConnect || !ModelHost.IsForReserved(channel.Offer.InterfaceInstance) || !channel.Gpadls.TrueForAll(gpadl => gpadl.Phase == MemoryPhase.Ready))
            return false;
        Say("OpenReserved", log is null ? null : (channel.Relid, rings.Handle));
        SetOpening(channel, rings);
        channel.IsReserved = true;
        protocol.OpenReserved(channel.Relid, 1, 3, rings.Handle, 1);
        return true;
    }

    private void SetOpening(Channel channel, Memory rings)
    {
        channel.Phase = Phase.Opening;
        channel.Ring = rings.Handle;
        _pending.Add((Ask.Open, channel.Relid));
    }

    private void Close(Channel channel)
    {
        Say("Close", channel.Relid);
        bool opens = channel.Phase == Phase.Opening;
        protocol.Close(channel.Relid);
        TakeEndOfRequests();
        if (opens)
            tally.Count(Situation.CloseDuringOpen);
        else
            SetClosed(channel);
    }

    private void CloseReserved(Channel channel)
    {
        Say("CloseReserved", channel.Relid);
        if (channel.Phase == Phase.Opening)
            tally.Count(Situation.CloseReservedDuringOpen);
        else
            channel.Phase = Phase.Closing;
        protocol.CloseReserved(channel.Relid, 1, 3);
        TakeEndOfRequests();
        _pending.Add((Ask.CloseReserved, channel.Relid));
    }

    private void Modify(Channel channel, uint vp)
    {
        Say("ModifyChannel", log is null ? null : (channel.Relid, vp));
        if (Owes(channel.MayOweModify, () => protocol.ModifyChannel(channel.Relid, vp)))
            return;
        channel.MayOweModify = false;
        _pending.Add((Ask.Modify, channel.Relid));
    }

    private void MoveMonitorPages(ulong page)
    {
        Say("ModifyConnection");
        if (!Owes(_mayOweModifyConnection, () => protocol.ModifyConnection(page, page == 0 ? 0 : page + 0x1000)))
            _pending.Add((Ask.ModifyConnection, 0));
    }

    private void Pause()
    {
        Say("Pause");
        if (!Owes(_mayOwePause, protocol.Pause))
            _pending.Add((Ask.Pause, 0));
    }

    private void Release(Channel channel)
    {
        Say("ReleaseRelid", channel.Relid);
        protocol.ReleaseRelid(channel.Relid);
        TakeEndOfRequests();
        foreach (Memory memory in channel.Gpadls.ToArray())
            Free(channel, memory);
        _channels.Remove(channel);
        GivenBack.Add(channel.Relid);
        if (!channel.IsRescinded)
            GaveUp.Add((channel.Offer.InterfaceInstance, channel.Offer.SubchannelIndex));
    }

    private void ConnectSocket(ref Dice dice)
    {
        (Guid Endpoint, Guid Service) socket = (new Guid(_sockets.Count + 1, 0, 9, new byte[8]), ModelHost.SocketClass);
        Say("ConnectTransport", _sockets.Count);
        _pending.Add((Ask.Transport, (uint)_sockets.Count));
        _sockets.Add(socket);
        protocol.ConnectTransport(socket.Endpoint, socket.Service, protocol.Negotiated.HasSiloId && dice.OneIn(2) ? new Guid(7, 7, 7, new byte[8]) : Guid.Empty);
    }

    // What may not be asked while an earlier answer is owed.
    private bool Owes(bool mayOwe, Action ask)
    {
        try
        {
            ask();
            return false;
        }
        catch (InvalidOperationException) when (mayOwe)
        {
            tally.Count(Situation.AnswerStillOwed);
            return true;
        }
    }

    // Before the model follows a request, what that request has ended.
    private void TakeEndOfRequests()
    {
        while (protocol.TryTakeEvent(out GuestEvent happened))
        {
            log?.Invoke($"    guest: {happened}");
            Take(happened);
        }
    }

    private void Say(string command, object? of = null)
    {
        tally.Count(command);
        log?.Invoke($"  guest asks: {command} {of}");
    }
}
