using Microsoft.Extensions.Time.Testing;
using VmBus.Fuzz;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.SavedState;

/// <summary>
/// Two hosts that live the same life, but for one that is now and then saved, thrown away and restored. Whatever either
/// says or asks of its driver, the other must too.
/// </summary>
internal sealed class HostTwins
{
    public static HostProtocolOptions Options => Host.HostHostileGuestTests.Options;

    private readonly FakeTimeProvider _clock = new();
    private readonly Random _random;
    private readonly Dictionary<OfferId, HostOffer> _offers = [];
    private readonly List<HostAction> _pending = [];
    private int _instances;

    public HostTwins(int seed)
    {
        _random = new Random(seed);
        Steady = new HostProtocol(Options, _clock);
        Restored = new HostProtocol(Options, _clock);
        if (seed % 2 == 0)
            OpenOne();
    }

    public HostProtocol Steady { get; }

    public HostProtocol Restored { get; private set; }

    public void Step()
    {
        int what = _random.Next(100);
        if (what < 60 && Steady.CanReceive)
            Receive();
        else if (what < 78)
            AnswerOne();
        else if (what < 83 && Steady.CanOffer)
            Offer();
        else if (what < 85 && _offers.Count > 0)
            Revoke(_offers.Keys.ElementAt(_random.Next(_offers.Count)));
        else if (what == 85)
            Both(host => host.Reset());
        else if (what is >= 86 and < 90)
            SaveAndRestore();
        else
            Post();
        Take();
        _clock.Advance(TimeSpan.FromMilliseconds(_random.Next(20)));
        Compare();
    }

    /// <summary>Saves the one, and goes on with what is made of the bytes.</summary>
    public void SaveAndRestore()
    {
        byte[] state = Restored.Save();
        Assert.Equal(Steady.Save(), state);
        Restored = HostProtocol.Restore(Options, _clock, state);
        Assert.False(Restored.CanReceive);
        Assert.False(Restored.TryPeekPost(out _));
        foreach ((OfferId id, HostOffer offer) in _offers.OrderBy(_ => _random.Next()))
            Assert.Equal(id, Restored.Offer(offer));
        Restored.CompleteRestore();
        Assert.Equal(state, Restored.Save());

        // What was asked and not answered is asked again, each once; but for socket channels whose guest has left since.
        List<HostAction> asked = Actions(Restored);
        Assert.Equal(_offers.Count, asked.RemoveAll(action => action is HostAction.Restored));
        asked.RemoveAll(action => action is HostAction.RestoredConnection);
        Assert.True(Steady.Negotiated.IsNegotiated || !asked.Exists(action => action is HostAction.TransportConnect));
        Assert.Equal(Lasting(_pending), Lasting(asked));
    }

    public void EndAll()
    {
        Both(host => host.Reset());
        for (Take(); _pending.Count > 0; Take())
            AnswerOne(willing: true);
        Compare();
        Assert.Equal((HostState.Disconnected, 0, 0, 0, 0L), (Restored.State, Restored.RelidsInUse, Restored.MonitorIdsInUse, Restored.GpadlCount, Restored.GpadlPages));
    }

    // Half of the lives begin where most can happen: connected, with a channel open.
    private void OpenOne()
    {
        Offer();
        Offer();
        Say(ChannelMessages.ToBytes(ChannelMessageType.InitiateContact, new InitiateContact
        {
            VersionRequested = ProtocolVersion.Copper,
            TargetSint = SynicMsr.VmBusSint,
            FeatureFlags = Host.ScriptedGuest.AllFeatures & ~FeatureFlags.ClientId,
            ParentToChildMonitorPage = 0x1000,
            ChildToParentMonitorPage = 0x2000,
        }));
        Say(ChannelMessages.ToBytes(ChannelMessageType.RequestOffers));
        ulong[] words = Host.ScriptedGuest.Range(4);
        Say(Host.ScriptedGuest.GpadlMessage(1, 1, words.Length * sizeof(ulong), 1, words));
        var open = new OpenChannel { ChildRelid = 1, OpenId = 1, RingBufferGpadl = 1, DownstreamPageOffset = 2 };
        Say(ChannelMessages.ToBytes(ChannelMessageType.OpenChannel, new OpenChannel2 { Open = open, ConnectionId = 9, EventFlag = 1 }));

        void Say(byte[] message)
        {
            Both(host => Assert.Equal(MessageFault.None, host.Receive(message)));
            for (Take(); _pending.Count > 0; Take())
                AnswerOne(willing: true);
            Both(host =>
            {
                while (host.TryPeekPost(out _))
                    host.CompletePost(HypercallStatus.Success);
            });
        }
    }

    private void Receive()
    {
        byte[] message = Host.HostHostileGuestTests.AnyMessage(_random, Steady.Negotiated);
        Assert.Equal(Steady.Receive(message), Restored.Receive(message));
    }

    private void Offer()
    {
        HostOffer offer = Host.ScriptedGuest.MakeOffer(_random.Next(3) + 10 * ++_instances, 0, _random.Next(2) == 0 ? null : TimeSpan.FromMicroseconds(100));
        OfferId id = Steady.Offer(offer);
        Assert.Equal(id, Restored.Offer(offer));
        _offers.Add(id, offer);
    }

    private void Revoke(OfferId id)
    {
        _offers.Remove(id);
        _pending.RemoveAll(action => OfferOf(action) == id);
        Both(host => host.Revoke(id));
    }

    private void Post()
    {
        bool any = Steady.TryPeekPost(out QueuedMessage message);
        Assert.Equal(any, Restored.TryPeekPost(out QueuedMessage other));
        if (!any)
            return;
        Assert.Equal(message.Bytes.ToArray(), other.Bytes.ToArray());
        Assert.Equal(message.Target, other.Target);
        HypercallStatus status = _random.Next(5) switch { 0 => HypercallStatus.ObjectInUse, 1 => HypercallStatus.InvalidVpIndex, _ => HypercallStatus.Success };
        Both(host => host.CompletePost(status));
    }

    private void Take()
    {
        List<HostAction> actions = Actions(Steady);
        Assert.Equal(actions.Select(Describe), Actions(Restored).Select(Describe));
        _pending.AddRange(actions.Where(action => action is not (HostAction.Offered or HostAction.Released)));
    }

    private void AnswerOne(bool willing = false)
    {
        if (_pending.Count == 0)
            return;
        int index = willing ? 0 : _random.Next(_pending.Count);
        HostAction action = _pending[index];
        _pending.RemoveAt(index);
        ChannelMessageStatus status = willing || _random.Next(4) > 0 ? ChannelMessageStatus.Success : ChannelMessageStatus.Unsuccessful;
        Both(host => HostAnswers.Give(host, action, status));
    }

    private void Compare()
    {
        Assert.Equal((Steady.State, Steady.Negotiated, Steady.CanReceive, Steady.CanOffer), (Restored.State, Restored.Negotiated, Restored.CanReceive, Restored.CanOffer));
        Assert.Equal((Steady.RelidsInUse, Steady.MonitorIdsInUse, Steady.GpadlCount, Steady.GpadlPages), (Restored.RelidsInUse, Restored.MonitorIdsInUse, Restored.GpadlCount, Restored.GpadlPages));
        Assert.Equal((Steady.WaitingMessages, Steady.WaitingAnswers, Steady.UntilDue), (Restored.WaitingMessages, Restored.WaitingAnswers, Restored.UntilDue));
    }

    private void Both(Action<HostProtocol> act)
    {
        act(Steady);
        act(Restored);
    }

    private static List<HostAction> Actions(HostProtocol host)
    {
        var actions = new List<HostAction>();
        while (host.TryTakeAction(out HostAction action))
            actions.Add(action);
        return actions;
    }

    private static IEnumerable<string> Lasting(IEnumerable<HostAction> actions) =>
        actions.Where(action => action is not HostAction.TransportConnect).Select(Describe).Order(StringComparer.Ordinal);

    private static OfferId? OfferOf(HostAction action) => action switch
    {
        HostAction.CreateGpadl create => create.Offer,
        HostAction.TeardownGpadl teardown => teardown.Offer,
        HostAction.Open open => open.Offer,
        HostAction.Close close => close.Offer,
        HostAction.Modify modify => modify.Offer,
        _ => null,
    };

    // The VP of a change that a former open asked for, and the pages of a move whose guest has left, are of no consequence.
    private static string Describe(HostAction action) => action switch
    {
        HostAction.CreateGpadl create => $"create {create.Offer} {create.Gpadl} {string.Join('+', create.Ranges.Select(range => $"{range.ByteOffset}/{range.ByteCount}:{string.Join(',', range.PageFrames.ToArray())}"))}",
        HostAction.Open open => $"open {open.Offer} {open.Request with { UserData = default }} {Convert.ToHexString(open.Request.UserData.Span)}",
        HostAction.Modify modify => $"modify {modify.Offer}",
        HostAction.ModifyConnection => "move pages",
        _ => action.ToString(),
    };
}
