// Showing memory to the host, and getting it back. Mirrors vmbus_establish_gpadl and vmbus_teardown_gpadl (Linux
// drivers/hv/channel.c).

namespace VmBus.Protocol;

internal sealed partial class GuestProtocol
{
    /// <summary>The first GPADL's number: Linux's, which hosts have met before.</summary>
    public const uint FirstGpadl = 0xE1E10;

    private readonly Dictionary<uint, GuestGpadl> _gpadls = [];
    private uint _nextGpadl = FirstGpadl;

    /// <summary>How many GPADLs the host knows, or may know.</summary>
    public int GpadlCount => _gpadls.Count;

    /// <summary>The GPADLs of a channel that the host knows, or may know, by number.</summary>
    /// <exception cref="ArgumentException">No channel has the relid.</exception>
    public IReadOnlyCollection<uint> GpadlsOf(uint relid) => [.. ChannelOf(relid).Gpadls.Keys];

    /// <summary>
    /// Shows the host memory, for one channel. Ends in <see cref="GuestEvent.GpadlCreated"/>. The memory is the host's too
    /// until the GPADL is torn down.
    /// </summary>
    /// <param name="relid">The channel.</param>
    /// <param name="ranges">The memory; in all at most <see cref="GpadlMessages.MaxWords"/> ranges and pages.</param>
    /// <exception cref="ArgumentException">No channel has the relid, or the ranges are none.</exception>
    /// <exception cref="InvalidOperationException">There is no connection, or the channel is rescinded, or reserved and not closed.</exception>
    public uint CreateGpadl(uint relid, IReadOnlyList<GpadlRange> ranges)
    {
        RequireConnection();
        KnownChannel channel = ChannelOf(relid);
        if (channel.State == GuestChannelState.Rescinded)
            throw new InvalidOperationException($"Channel {relid} is rescinded, so it accepts no more memory.");
        RequireNotReserved(channel);
        while (_nextGpadl == 0 || _gpadls.ContainsKey(_nextGpadl))
            _nextGpadl++;
        uint handle = _nextGpadl;
        IReadOnlyList<byte[]> messages = GpadlMessages.Encode(relid, handle, ranges);

        _nextGpadl++;
        var gpadl = new GuestGpadl(handle, channel);
        _gpadls.Add(handle, gpadl);
        channel.Gpadls.Add(handle, gpadl);
        foreach (byte[] message in messages)
            Post(message);
        Start(RequestKind.CreateGpadl, handle);
        return handle;
    }

    /// <summary>
    /// Takes memory back. Ends in <see cref="GuestEvent.GpadlTornDown"/>. A GPADL that is still being created ends as
    /// <see cref="RequestOutcome.Cancelled"/> first, and is torn down when the host has taken it. One whose teardown timed
    /// out is waited for once more.
    /// </summary>
    /// <param name="gpadl">The GPADL: not the one of the rings of a channel that is open or may be.</param>
    /// <exception cref="ArgumentException">There is no such GPADL.</exception>
    /// <exception cref="InvalidOperationException">
    /// There is no connection, the GPADL is in use, is already being torn down, or belongs to a reserved channel that is not
    /// closed.
    /// </exception>
    public void TeardownGpadl(uint gpadl)
    {
        RequireConnection();
        if (!_gpadls.TryGetValue(gpadl, out GuestGpadl? known))
            throw new ArgumentException($"There is no GPADL 0x{gpadl:X}.", nameof(gpadl));
        if (known.Channel.RingGpadl == gpadl)
            throw new InvalidOperationException($"GPADL 0x{gpadl:X} holds the rings of channel {known.Channel.Relid}, which is {known.Channel.State}.");
        RequireNotReserved(known.Channel);
        if (IsPending(RequestKind.TeardownGpadl, gpadl))
            throw new InvalidOperationException($"GPADL 0x{gpadl:X} is already being torn down.");
        if (known.State == GuestGpadl.Phase.Created)
            PostTeardown(known);
        else if (Finish(RequestKind.CreateGpadl, gpadl, RequestOutcome.Cancelled))
            known.State = GuestGpadl.Phase.Abandoned;
        Start(RequestKind.TeardownGpadl, gpadl);
    }

    // Hosts take no GPADL of a reserved channel, and give none back: a teardown would not even be answered.
    private static void RequireNotReserved(KnownChannel channel)
    {
        if (channel.IsReserved && channel.State != GuestChannelState.Rescinded)
            throw new InvalidOperationException($"Channel {channel.Relid} is {channel.State} and reserved, so its memory cannot change.");
    }

    /// <summary>Whether the host knows a GPADL, or may know it.</summary>
    internal bool Knows(uint gpadl) => _gpadls.ContainsKey(gpadl);

    /// <summary>Whether <see cref="TeardownGpadl"/> would take back a GPADL that is not being torn down.</summary>
    internal bool CanTearDown(uint gpadl) =>
        IsConnected
        && _gpadls.TryGetValue(gpadl, out GuestGpadl? known)
        && known.State is GuestGpadl.Phase.Creating or GuestGpadl.Phase.Created
        && known.Channel.RingGpadl != gpadl
        && (!known.Channel.IsReserved || known.Channel.State == GuestChannelState.Rescinded);

    private void PostTeardown(GuestGpadl gpadl)
    {
        gpadl.State = GuestGpadl.Phase.TearingDown;
        Post(ChannelMessageType.GpadlTeardown, new GpadlTeardown { ChildRelid = gpadl.Channel.Relid, Gpadl = gpadl.Handle });
    }

    private MessageFault TakeGpadlCreated(GpadlCreated created)
    {
        if (!_gpadls.TryGetValue(created.Gpadl, out GuestGpadl? gpadl) || gpadl.Channel.Relid != created.ChildRelid)
            return MessageFault.UnknownTarget;
        bool isTaken = created.Status == ChannelMessageStatus.Success;
        switch (gpadl.State)
        {
            case GuestGpadl.Phase.Creating:
                gpadl.State = GuestGpadl.Phase.Created;
                Finish(RequestKind.CreateGpadl, gpadl.Handle, new RequestResult(RequestOutcome.Completed, created.Status));
                if (!isTaken)
                    ForgetGpadl(gpadl);
                return MessageFault.None;
            case GuestGpadl.Phase.Abandoned when isTaken:
                PostTeardown(gpadl);
                return TakeLate();
            case GuestGpadl.Phase.Abandoned:
                EndGpadl(gpadl, RequestOutcome.Completed);
                return TakeLate();
            default:
                return MessageFault.WrongState;
        }
    }

    private MessageFault TakeGpadlTorndown(GpadlTorndown tornDown)
    {
        if (!_gpadls.TryGetValue(tornDown.Gpadl, out GuestGpadl? gpadl))
            return MessageFault.UnknownTarget;
        if (gpadl.State != GuestGpadl.Phase.TearingDown)
            return MessageFault.WrongState;
        bool isAwaited = IsPending(RequestKind.TeardownGpadl, gpadl.Handle);
        EndGpadl(gpadl, RequestOutcome.Completed);
        return isAwaited ? MessageFault.None : TakeLate();
    }

    private void ForgetGpadl(GuestGpadl gpadl)
    {
        _gpadls.Remove(gpadl.Handle);
        gpadl.Channel.Gpadls.Remove(gpadl.Handle);
    }

    // Awaited or not: its memory is free.
    private void EndGpadl(GuestGpadl gpadl, RequestOutcome outcome)
    {
        ForgetGpadl(gpadl);
        if (!Finish(RequestKind.TeardownGpadl, gpadl.Handle, outcome))
            Emit(new GuestEvent.GpadlTornDown(gpadl.Handle, new RequestResult(outcome)));
    }

    // The host has not seen all of the memory, so it has taken none.
    private void GpadlNotPosted(uint handle)
    {
        _outbox.RemoveAll(message => message.Type == ChannelMessageType.GpadlBody && WordAt(message, GpadlOffset) == handle);
        if (!_gpadls.TryGetValue(handle, out GuestGpadl? gpadl))
            return;
        if (gpadl.State == GuestGpadl.Phase.Abandoned)
        {
            EndGpadl(gpadl, RequestOutcome.Completed);
        }
        else if (gpadl.State == GuestGpadl.Phase.Creating)
        {
            Finish(RequestKind.CreateGpadl, handle, RequestOutcome.NotPosted);
            ForgetGpadl(gpadl);
        }
    }

    private void TeardownNotPosted(uint handle)
    {
        if (!_gpadls.TryGetValue(handle, out GuestGpadl? gpadl) || gpadl.State != GuestGpadl.Phase.TearingDown)
            return;
        gpadl.State = GuestGpadl.Phase.Created;
        if (!Finish(RequestKind.TeardownGpadl, handle, RequestOutcome.NotPosted))
            Emit(new GuestEvent.GpadlTornDown(handle, new RequestResult(RequestOutcome.NotPosted)));
    }
}
