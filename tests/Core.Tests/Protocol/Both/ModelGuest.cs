using VmBus.Protocol;

namespace VmBus.Core.Tests.Protocol.Both;

/// <summary>
/// A guest and its driver as a model: what was asked for and not answered, which channels there are, which are open, and
/// which memory the host may touch. It asks only for what the model allows, which must then be allowed.
/// </summary>
internal sealed partial class ModelGuest(GuestProtocol protocol, TimeProvider clock, int life, Tally tally, IReadOnlyDevices devices, Action<string>? log)
{
    internal enum Ask
    {
        Connect,
        Offers,
        Create,
        Teardown,
        Open,
        Modify,
        CloseReserved,
        Transport,
        ModifyConnection,
        Pause,
        Unload,
    }

    internal enum Phase
    {
        Closed,
        Opening,
        Lost,           // the open was given up, its answer is still to come
        Open,
        Closing,
    }

    internal enum MemoryPhase
    {
        Creating,
        Lost,
        Ready,
        Tearing,
    }

    internal sealed class Memory(uint handle, ulong frame, int pages)
    {
        public readonly uint Handle = handle;
        public readonly ulong Frame = frame;
        public readonly int Pages = pages;
        public MemoryPhase Phase;
    }

    internal sealed class Channel(GuestOffer offer)
    {
        public readonly GuestOffer Offer = offer;
        public readonly List<Memory> Gpadls = [];
        public Phase Phase;
        public bool IsReserved;
        public bool IsRescinded;
        public bool HasInterrupts;
        public bool MayOweModify;
        public uint? Ring;

        public uint Relid => Offer.Relid;
    }

    private readonly HashSet<(Ask Ask, uint Id)> _pending = [];
    private readonly List<Channel> _channels = [];
    private readonly HashSet<ulong> _lent = [];
    private readonly HashSet<ulong> _leaving = [];
    private readonly List<(Guid Endpoint, Guid Service)> _sockets = [];
    private bool _offersAsked;
    private bool _mayOwePause;
    private bool _mayOweModifyConnection;
    private bool _answersUnload;
    private long? _drainingSince;
    private bool _mayMistake;

    public GuestProtocol Protocol => protocol;

    public IReadOnlyList<Channel> Channels => _channels;

    public IReadOnlyCollection<(Ask Ask, uint Id)> Pending => _pending;

    /// <summary>Relids and GPADLs that were given back in this connection; the host may still speak of them.</summary>
    public HashSet<uint> GivenBack { get; } = [];

    /// <summary>Devices whose channel was given back though it was not taken back; they are not offered again in this connection.</summary>
    public HashSet<(Guid Instance, ushort Subchannel)> GaveUp { get; } = [];

    public bool AskedForOffers => _offersAsked;

    /// <summary>Channels that the host may keep though this guest has forgotten them: reserved ones, on their way.</summary>
    public HashSet<uint> Orphans { get; } = [];

    /// <summary>Memory that nobody knows about, because the guest left without an answer.</summary>
    public HashSet<ulong> Limbo { get; } = [];

    /// <summary>Whether a message without an answer was lost, so that the host does not know what the guest does.</summary>
    public bool HasLost { get; private set; }

    /// <summary>Whether the host may still answer a contact.</summary>
    public bool IsContactOut { get; private set; }

    /// <summary>Whether the host may still answer an unload.</summary>
    public bool IsUnloadOut { get; private set; }

    /// <summary>Whether the answer to a former contact or unload may look like one to the last.</summary>
    public bool MayMistakeContact => _mayMistake |= _drainingSince is { } since && clock.GetElapsedTime(since) >= PlaySetup.Patience;

    /// <summary>Whether an answer is on its way that a guest that comes again would take for its own.</summary>
    public bool MayBeAnswered => IsContactOut || IsUnloadOut || MayMistakeContact;

    public bool AskedForSockets => _sockets.Count > 0;

    public Channel? ChannelOf(uint relid) => _channels.Find(channel => channel.Relid == relid);

    /// <summary>Whether a device may have that memory.</summary>
    public bool MayBeTouched(ulong frame) => _lent.Contains(frame) || _leaving.Contains(frame) || Limbo.Contains(frame);

    /// <summary>Answers to a former guest may be on their way.</summary>
    public void MayMistake() => _mayMistake = true;

    /// <summary>The guest is gone; whatever it lent is nobody's business any more.</summary>
    public void Vanish()
    {
        Limbo.UnionWith(_lent);
        Limbo.UnionWith(_leaving);
        Orphans.UnionWith(_channels.Where(channel => channel.IsReserved).Select(channel => channel.Relid));
    }

    /// <summary>Takes what happened, and checks that it may have.</summary>
    public void Observe()
    {
        while (protocol.TryTakeEvent(out GuestEvent happened))
        {
            log?.Invoke($"    guest: {happened}");
            Take(happened);
        }

        LawException.Unless(protocol.PendingRequests == _pending.Count,
            $"The guest waits for {protocol.PendingRequests} answers; asked for are {string.Join(", ", _pending)}.");
        LawException.Unless(protocol.OfferCount == _channels.Count, $"The guest has {protocol.OfferCount} channels, and told of {_channels.Count}.");
        LawException.Unless(protocol.GpadlCount <= _lent.Count, $"The guest has {protocol.GpadlCount} GPADLs, and told of {_lent.Count}.");
        LawException.Unless(protocol.WaitingPosts <= 120, $"{protocol.WaitingPosts} messages of the guest wait.");
    }

    private void Take(GuestEvent happened)
    {
        switch (happened)
        {
            case GuestEvent.Connected connected:
                Done(Ask.Connect);
                IsContactOut = IsUnloadOut = false;
                _answersUnload = connected.Negotiated.AnswersUnload;
                tally.Count(Situation.Connected);
                if (connected.AreServerPages)
                    tally.Count(Situation.ServerMonitorPages);
                if (_channels.Count > 0)
                    tally.Count(Situation.ReservedOutlivesConnection);
                break;
            case GuestEvent.ConnectFailed failed:
                Done(Ask.Connect);
                _mayMistake = MayMistakeContact;
                IsContactOut = failed.Reason is ConnectFailure.Timeout or ConnectFailure.Cancelled || (failed.Reason == ConnectFailure.NotPosted && _drainingSince is not null);
                if (failed.Reason == ConnectFailure.Timeout)
                    tally.Count(Situation.ConnectTimedOut);
                else if (failed.Reason == ConnectFailure.LowResources)
                    tally.Count(Situation.LowResourcesAtContact);
                else if (failed.Reason == ConnectFailure.NoCommonVersion)
                    tally.Count(Situation.VersionRefused);
                break;
            case GuestEvent.AllOffersDelivered delivered:
                Done(Ask.Offers);
                if (delivered.Result.Outcome == RequestOutcome.NotPosted)
                    _offersAsked = false;
                break;
            case GuestEvent.Offered offered:
                LawException.Unless(ChannelOf(offered.Offer.Relid) is null, $"Relid {offered.Offer.Relid} was offered twice.");
                if (!GivenBack.Contains(offered.Offer.Relid))
                    _ = Orphans.Remove(offered.Offer.Relid);
                else
                    tally.Count(Situation.RelidUsedAgain);
                _channels.Add(new Channel(offered.Offer));
                break;
            case GuestEvent.Rescinded rescinded:
                TakeRescind(Known(rescinded.Relid));
                break;
            case GuestEvent.GpadlCreated created:
                TakeCreated(created);
                break;
            case GuestEvent.GpadlTornDown tornDown:
                TakeTornDown(tornDown);
                break;
            case GuestEvent.Opened opened:
                TakeOpened(Known(opened.Relid), opened.Result);
                break;
            case GuestEvent.ChannelModified modified:
                Done(Ask.Modify, modified.Relid);
                Channel moved = Known(modified.Relid);
                moved.MayOweModify |= modified.Result.Outcome is RequestOutcome.TimedOut or RequestOutcome.Cancelled;
                Tell(modified.Result.Outcome, Situation.ModifyTimedOut, Situation.RescindDuringModify);
                break;
            case GuestEvent.ReservedClosed closed:
                Done(Ask.CloseReserved, closed.Relid);
                Channel reserved = Known(closed.Relid);
                if (closed.Result.Outcome == RequestOutcome.Completed)
                    SetClosed(reserved);
                else if (closed.Result.Outcome == RequestOutcome.NotPosted)
                    reserved.Phase = Phase.Open;
                Tell(closed.Result.Outcome, null, Situation.RescindDuringReservedClose);
                break;
            case GuestEvent.TransportConnected socket:
                Done(Ask.Transport, (uint)_sockets.IndexOf((socket.Endpoint, socket.Service)));
                if (socket.Result.Outcome == RequestOutcome.Completed)
                    tally.Count(socket.Result.IsSuccess ? Situation.SocketChannelOffered : Situation.SocketChannelRefused);
                break;
            case GuestEvent.ConnectionModified modified:
                LawException.Unless(_pending.Remove((Ask.ModifyConnection, 0)) || _mayOweModifyConnection, "The monitor pages were moved, and nobody asked.");
                _mayOweModifyConnection = modified.Result.Outcome == RequestOutcome.TimedOut;
                break;
            case GuestEvent.Paused paused:
                Done(Ask.Pause);
                _mayOwePause = paused.Result.Outcome == RequestOutcome.TimedOut;
                if (_mayOwePause)
                    tally.Count(Situation.PauseTimedOut);
                break;
            case GuestEvent.Unloaded unloaded:
                Done(Ask.Unload);
                IsUnloadOut = unloaded.Result.Outcome != RequestOutcome.Completed;
                if (unloaded.Result.Outcome != RequestOutcome.Completed || !_answersUnload)
                    Limbo.UnionWith(_leaving);
                Free(_leaving);
                if (unloaded.Result.Outcome == RequestOutcome.TimedOut)
                    tally.Count(Situation.UnloadTimedOut);
                break;
            case GuestEvent.NotPosted lost:
                HasLost = true;
                if (lost.Type == ChannelMessageType.CloseReservedChannel)
                    Known(lost.Relid).Phase = Phase.Open;
                else if (lost.Type == ChannelMessageType.RequestOffers)
                    _offersAsked = false;
                tally.Count(Situation.MessageNotPosted);
                break;
            default:
                throw new LawException($"Nobody knows of {happened}.");
        }
    }

    private void TakeRescind(Channel channel)
    {
        LawException.Unless(!channel.IsRescinded, $"Channel {channel.Relid} was rescinded twice.");
        bool waits = _pending.Contains((Ask.Open, channel.Relid)) || _pending.Contains((Ask.Modify, channel.Relid)) || _pending.Contains((Ask.CloseReserved, channel.Relid))
            || channel.Gpadls.Exists(gpadl => _pending.Contains((Ask.Create, gpadl.Handle)) || _pending.Contains((Ask.Teardown, gpadl.Handle)));
        LawException.Unless(!waits, $"Channel {channel.Relid} is rescinded, and somebody still waits for it.");
        if (channel.Phase == Phase.Open)
            tally.Count(Situation.RescindWhileOpen);
        channel.IsRescinded = true;
        channel.Ring = null;
    }

    private void TakeCreated(GuestEvent.GpadlCreated created)
    {
        Done(Ask.Create, created.Gpadl);
        Channel channel = Known(created.Relid);
        Memory memory = channel.Gpadls.Find(gpadl => gpadl.Handle == created.Gpadl)!;
        switch (created.Result.Outcome)
        {
            case RequestOutcome.Completed when created.Result.IsSuccess:
                memory.Phase = MemoryPhase.Ready;
                break;
            case RequestOutcome.Completed or RequestOutcome.NotPosted:
                Free(channel, memory);
                break;
            default:
                memory.Phase = MemoryPhase.Lost;
                break;
        }

        Tell(created.Result.Outcome, Situation.GpadlTimedOut, Situation.RescindDuringGpadlCreation);
    }

    // It comes by itself for memory that nobody waited for any more.
    private void TakeTornDown(GuestEvent.GpadlTornDown tornDown)
    {
        Channel channel = _channels.Find(candidate => candidate.Gpadls.Exists(gpadl => gpadl.Handle == tornDown.Gpadl))
            ?? throw new LawException($"GPADL {tornDown.Gpadl:X} was torn down, and is none.");
        Memory memory = channel.Gpadls.Find(gpadl => gpadl.Handle == tornDown.Gpadl)!;
        bool waited = _pending.Remove((Ask.Teardown, tornDown.Gpadl));
        LawException.Unless(waited || memory.Phase is MemoryPhase.Lost or MemoryPhase.Tearing, $"GPADL {tornDown.Gpadl:X} was torn down, and nobody asked.");
        if (!waited)
            tally.Count(memory.Phase == MemoryPhase.Lost ? Situation.LateGpadlIsTornDown : Situation.LateTeardown);
        if (tornDown.Result.Outcome == RequestOutcome.Completed)
            Free(channel, memory);
        else if (tornDown.Result.Outcome == RequestOutcome.NotPosted)
            memory.Phase = MemoryPhase.Ready;
        Tell(tornDown.Result.Outcome, Situation.TeardownTimedOut, Situation.RescindDuringGpadlTeardown);
    }

    private void TakeOpened(Channel channel, RequestResult result)
    {
        Done(Ask.Open, channel.Relid);
        LawException.Unless(channel.Phase == Phase.Opening, $"Channel {channel.Relid} is open, and was {channel.Phase}.");
        if (result.Outcome == RequestOutcome.NotPosted || (result.Outcome == RequestOutcome.Completed && !result.IsSuccess))
            SetClosed(channel);
        else
            channel.Phase = result.IsSuccess ? Phase.Open : Phase.Lost;
        Tell(result.Outcome, Situation.OpenTimedOut, Situation.RescindDuringOpen);
    }

    private void Tell(RequestOutcome outcome, Situation? timedOut, Situation rescinded)
    {
        if (outcome == RequestOutcome.TimedOut && timedOut is { } late)
            tally.Count(late);
        else if (outcome == RequestOutcome.Rescinded)
            tally.Count(rescinded);
    }

    private void Done(Ask ask, uint id = 0) =>
        LawException.Unless(_pending.Remove((ask, id)), $"{ask} {id} has come to an end, and nobody waited for it.");

    private Channel Known(uint relid) => ChannelOf(relid) ?? throw new LawException($"The guest speaks of channel {relid}, and has none.");

    private static void SetClosed(Channel channel)
    {
        channel.Phase = Phase.Closed;
        channel.IsReserved = false;
        channel.Ring = null;
    }

    // Memory that the guest takes back must be nobody else's.
    private void Free(Channel channel, Memory memory)
    {
        channel.Gpadls.Remove(memory);
        GivenBack.Add(memory.Handle);
        _lent.Remove(memory.Frame);
        LawException.Unless(!devices.Hold(memory.Frame), $"GPADL {memory.Handle:X} is the guest's again, and a device has it.");
    }

    private void Free(HashSet<ulong> frames)
    {
        foreach (ulong frame in frames)
            LawException.Unless(Limbo.Contains(frame) || !devices.Hold(frame), $"The guest has left, and a device has its memory {frame:X}.");
        frames.Clear();
    }
}

/// <summary>What a guest's model may ask of a host's.</summary>
internal interface IReadOnlyDevices
{
    /// <summary>Whether a device has that memory.</summary>
    bool Hold(ulong frame);

    /// <summary>Whether that channel was revoked, whether the guest knows or not.</summary>
    bool IsRevoked(uint relid);
}
