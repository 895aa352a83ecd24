using Microsoft.Extensions.Time.Testing;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Core.Tests.Protocol.Both;

/// <summary>
/// Both ends of a connection, joined by pipes that hold few messages, refuse some and deliver the rest in order; one pipe
/// for the connection's messages and one for those of reserved channels, which have a slot of their own.
/// </summary>
internal sealed partial class Play
{
    private readonly PlaySetup _setup;
    private readonly Tally _tally;
    private readonly Action<string>? _log;
    private readonly FakeTimeProvider _clock = new();
    private readonly HostProtocol _host;
    private readonly ModelHost _devices;
    private readonly Queue<byte[]> _toHost = [];
    private readonly Queue<byte[]> _toGuest = [];
    private readonly Queue<byte[]> _toGuestAside = [];
    private readonly HashSet<uint> _refusedGpadls = [];
    private readonly HashSet<uint> _orphans = [];
    private GuestProtocol _guest;
    private ModelGuest _user;
    private int _lives;
    private bool _mayUseFirstVersion;    // whose unload has no answer
    private bool _isSmooth;
    private bool _formerHadLost;
    private bool _mayLackBodies;         // a GPADL of which the host waits for more than the guest could post

    public Play(PlaySetup setup, Tally tally, Action<string>? log)
    {
        _setup = setup;
        _tally = tally;
        _log = log;
        _host = new HostProtocol(setup.Host, _clock);
        _devices = new ModelHost(_host, setup.Host, tally, log)
        {
            MayBeTouched = frame => _user!.MayBeTouched(frame),
            GuestListens = () => _guest!.State is GuestConnectionState.Connected or GuestConnectionState.Pausing or GuestConnectionState.Paused,
        };
        var dice = new Dice(setup.Seed + 1);
        (_guest, _user) = NewGuest(ref dice);
    }

    /// <summary>Plays it all, and leaves nothing behind.</summary>
    public void Run(ReadOnlySpan<Step> steps)
    {
        _tally.Plays++;
        var dice = new Dice(_setup.Seed);
        if (_setup.BeginsWell)
            Begin(ref dice);
        _isSmooth = false;
        foreach (Step step in steps)
            Do(step);
        Finish();
    }

    // Most plays begin where most can happen: connected, with channels, and memory for them.
    private void Begin(ref Dice dice)
    {
        _isSmooth = true;
        for (int offers = 0; offers < 4; offers++)
            _devices.Offer(ref dice);
        Connect(ref dice);
        if (_guest.State != GuestConnectionState.Connected)
            return;
        _user.RequestOffers();
        Settle(ref dice);
        _user.CreateSome(ref dice);
        Settle(ref dice);
    }

    private (GuestProtocol, ModelGuest) NewGuest(ref Dice dice)
    {
        GuestProtocolOptions options = _setup.Guest(ref dice);
        var guest = new GuestProtocol(options, _clock);
        _mayUseFirstVersion |= options.Versions.Contains(ProtocolVersion.Ws2008);
        return (guest, new ModelGuest(guest, _clock, ++_lives, _tally, _devices, _log));
    }

    private void Do(Step step)
    {
        _tally.Steps++;
        _log?.Invoke(step.ToString());
        var dice = new Dice(step.Seed);
        switch (step.Kind)
        {
            case StepKind.Guest:
                _user.DoSomething(ref dice);
                break;
            case StepKind.Host:
                _devices.DoSomething(ref dice);
                break;
            case StepKind.Flow:
                for (int moves = 1 + dice.Below(24); moves > 0; moves--)
                    Move(ref dice);
                break;
            case StepKind.Answer:
                _devices.Answer(ref dice);
                break;
            case StepKind.Time:
                Pass(dice.Below(8) switch
                {
                    0 => PlaySetup.Patience,
                    1 or 2 => PlaySetup.Patience / 2,
                    3 => TimeSpan.FromSeconds(3),
                    _ => TimeSpan.FromMilliseconds(dice.Below(20)),
                });
                break;
            case StepKind.Disaster:
                MeetDisaster(ref dice, isReset: dice.OneIn(3) || (_user.MayBeAnswered && !dice.OneIn(4)));
                break;
        }

        Observe();
    }

    private void Observe()
    {
        _user.Observe();
        _devices.Observe();
    }

    private void Move(ref Dice dice)
    {
        switch (dice.Below(9))
        {
            case 0 or 1:
                PostToHost(ref dice);
                break;
            case 2 or 3:
                PostToGuest(ref dice);
                break;
            case 4 or 5:
                DeliverToHost();
                break;
            case 6 or 7:
                DeliverToGuest(dice.OneIn(3));
                break;
            default:
                _devices.Answer(ref dice);
                break;
        }

        Observe();
    }

    private bool PostToHost(ref Dice dice)
    {
        if (!_guest.TryPeekPost(out QueuedMessage message))
            return false;
        HypercallStatus status = HypercallStatus.Success;
        if (!_host.CanReceive)
            _tally.Count(Situation.HostHearsNobody);
        if (_toHost.Count >= _setup.Capacity || !_host.CanReceive || Refuses(ref dice))
            status = HypercallStatus.InsufficientBuffers;
        else
            _toHost.Enqueue(message.Bytes.ToArray());
        if (status != HypercallStatus.Success)
            _tally.Count(Situation.PostRefusedToHost);
        _log?.Invoke($"    guest posts {message.Type}: {status}");
        _mayLackBodies |= _setup.IsLossy && status != HypercallStatus.Success && message.Type == ChannelMessageType.GpadlBody;
        _guest.CompletePost(status);
        return status == HypercallStatus.Success;
    }

    private bool PostToGuest(ref Dice dice)
    {
        if (!_host.TryPeekPost(out QueuedMessage message))
            return false;
        LawException.Unless(message.Bytes.Length <= ChannelMessages.MaxLength, $"{message.Bytes.Length} bytes are no message.");
        HypercallStatus status = HypercallStatus.Success;
        Queue<byte[]> pipe = message.Target.Vp == 0 ? _toGuest : _toGuestAside;
        if (pipe.Count >= _setup.Capacity || Refuses(ref dice))
            status = HypercallStatus.ObjectInUse;
        else
            pipe.Enqueue(message.Bytes.ToArray());
        if (status != HypercallStatus.Success)
            _tally.Count(Situation.PostRefusedToGuest);
        _log?.Invoke($"    host posts {message.Type}: {status}");
        _host.CompletePost(status);
        return status == HypercallStatus.Success;
    }

    private bool Refuses(ref Dice dice) => !_isSmooth && dice.Below(16) < _setup.RefusalsIn16;

    private bool DeliverToHost()
    {
        if (!_host.CanReceive || !_toHost.TryDequeue(out byte[]? message))
            return false;
        _tally.Messages++;
        ChannelMessageType type = ChannelMessages.Read<ChannelMessageHeader>(message).MessageType;
        NoteHeard(type, message);
        HostState before = _host.State;
        MessageFault fault = _host.Receive(message);
        _log?.Invoke($"    host hears {type}: {fault}");
        if (fault != MessageFault.None)
            _tally.Count(RaceOfHost(type, fault, message) ?? throw new LawException($"The host, {before}, has {fault} to say of an honest {type}."));
        return true;
    }

    private bool DeliverToGuest(bool aside)
    {
        if (!(aside ? _toGuestAside : _toGuest).TryDequeue(out byte[]? message))
            return false;
        _tally.Messages++;
        ChannelMessageType type = ChannelMessages.Read<ChannelMessageHeader>(message).MessageType;
        _user.Observe();
        GuestConnectionState before = _guest.State;
        MessageFault fault = _guest.Receive(message);
        _log?.Invoke($"    guest hears {type}: {fault}");
        if (fault != MessageFault.None)
            _tally.Count(RaceOfGuest(type, fault, message, before, aside) ?? throw new LawException($"The guest, {before}, has {fault} to say of an honest {type}."));
        _user.Observe();
        if (before == GuestConnectionState.Negotiating && _guest.State == GuestConnectionState.Connected)
            CheckNegotiated();
        return true;
    }

    // A guest that waited in vain for the answer to its contact, and then in vain for that to its leaving, cannot tell the
    // first when it comes after all from the answer to its next contact.
    private void CheckNegotiated()
    {
        if (!_user.MayMistakeContact)
        {
            LawException.Unless(_host.Negotiated == _guest.Negotiated, $"The guest negotiated {_guest.Negotiated}, and the host, {_host.State}, {_host.Negotiated}.");
            return;
        }

        _tally.Count(Race.AnswerToFormerContact);
        var dice = new Dice(0);
        MeetDisaster(ref dice, isReset: true);
    }

    private void NoteHeard(ChannelMessageType type, byte[] message)
    {
        if (type == ChannelMessageType.InitiateContact && _host.State is not HostState.Disconnected)
        {
            _tally.Count(_host.State switch
            {
                HostState.Connecting => Situation.ContactWhileHostConnects,
                HostState.Disconnecting => Situation.ContactWhileHostLetsGo,
                _ => Situation.ContactWhileHostIsConnected,
            });
        }
        else if (type is ChannelMessageType.OpenChannel && _devices.IsClosing(WordAt(message, 8)))
        {
            _tally.Count(Situation.ReopenWhileClosing);
        }
        else if (type is ChannelMessageType.GpadlTeardown && _devices.IsClosing(WordAt(message, 8)))
        {
            _tally.Count(Situation.TeardownWhileClosing);
        }
    }

    private void Pass(TimeSpan time)
    {
        _tally.Count("Time");
        _log?.Invoke($"  {time.TotalSeconds} s pass");
        _clock.Advance(time);
        _guest.Elapse();
        LawException.Unless(_guest.UntilDue is null || _guest.UntilDue >= TimeSpan.Zero, "The guest was due before.");
    }

    // A guest that vanishes leaves what it posted; a machine that is reset leaves nothing. A new guest cannot tell the answer
    // to its first contact or unload from that to the former guest's last, so where one is still to come it is mostly a reset.
    private void MeetDisaster(ref Dice dice, bool isReset)
    {
        _log?.Invoke(isReset ? "  the machine is reset" : "  the guest vanishes");
        _tally.Count(isReset ? "Reset" : "Vanish");
        _user.Vanish();
        _formerHadLost = !isReset && (_formerHadLost || _user.HasLost);
        _orphans.UnionWith(_user.Orphans);
        _toGuest.Clear();
        _toGuestAside.Clear();
        HashSet<ulong> limbo = _user.Limbo;
        bool mayMistake = !isReset && _user.MayBeAnswered;
        if (isReset)
        {
            if (_devices.Unanswered > 0)
                _tally.Count(Situation.ResetWhileBusy);
            _toHost.Clear();
            _host.Reset();
            _orphans.Clear();
        }
        else
        {
            _tally.Count(Situation.GuestVanishes);
        }

        (_guest, _user) = NewGuest(ref dice);
        _user.Limbo.UnionWith(limbo);
        if (mayMistake)
            _user.MayMistake();
    }

    private static uint WordAt(byte[] message, int offset) => BitConverter.ToUInt32(message, offset);
}
