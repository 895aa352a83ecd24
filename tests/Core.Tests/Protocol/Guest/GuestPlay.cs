using Microsoft.Extensions.Time.Testing;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Guest;

/// <summary>A script's bytes, read as what both ends do.</summary>
internal sealed class GuestPlay(byte[] script, List<string>? log = null, Func<GuestProtocol, GuestProtocolOptions, TimeProvider, GuestProtocol>? exchange = null)
{
    public const int MaxOffers = 6;

    private static readonly GuestProtocolOptions Options = new() { MaxOffers = MaxOffers, Features = (FeatureFlags)0x6F, Versions = [ProtocolVersion.Copper, ProtocolVersion.Win10] };

    private readonly FakeTimeProvider _clock = new();
    private GuestProtocol? _guest;
    private int _at;
    private int _requests;

    private GuestProtocol Guest => _guest ??= new GuestProtocol(Options, _clock);

    // Most plays begin where most can happen: connected, with a channel that has a GPADL.
    public void Start()
    {
        if (Next() % 4 == 0)
            return;
        Guest.Connect(ScriptedHost.Pages);
        PostOne();
        Guest.Receive(ChannelMessages.ToBytes(VersionResponse.MessageType, new VersionResponse2
        {
            Response = new VersionResponse { VersionSupported = 1, ConnectionId = 9 },
            SupportedFeatures = (FeatureFlags)0x2F,
        }));
        Guest.Receive(ScriptedHost.OfferBytes(3, instance: new Guid(0, 0, 0, new byte[8])));
        uint gpadl = Guest.CreateGpadl(3, [GpadlRange.OfPages(0, 1)]);
        PostOne();
        Guest.Receive(ChannelMessages.ToBytes(GpadlCreated.MessageType, new GpadlCreated { ChildRelid = 3, Gpadl = gpadl }));
        _requests += 2;
        Assert.Equal((GuestConnectionState.Connected, 1), (Guest.State, Guest.GpadlCount));
    }

    public bool Step()
    {
        if (_at >= script.Length)
            return false;
        byte choice = Next();
        if (choice < 128)
            Guest.Receive(Message());
        else
            Ask(choice);
        if (log is not null)
            Record();
        return true;
    }

    // What there is to see from outside; the guest may be exchanged behind it.
    private void Record()
    {
        while (Guest.TryTakeEvent(out GuestEvent next))
            log!.Add(next is GuestEvent.Offered offered ? $"offered {Convert.ToHexString(offered.Offer.Message.Span)}" : next.ToString());
        string offers = string.Join(' ', Guest.Offers.Select(offer => $"{offer.Relid}/{offer.PrimaryRelid}:{Guest.StateOf(offer.Relid)}[{string.Join(',', Guest.GpadlsOf(offer.Relid))}]({string.Join(',', Guest.SubchannelsOf(offer.Relid).Select(sub => sub.Relid))})"));
        log!.Add($"{Guest.State} {Guest.Negotiated} {Guest.MonitorPages} {Guest.PendingRequests} {Guest.WaitingPosts} {Guest.UntilDue} {offers}");
        if (exchange is not null)
            _guest = exchange(Guest, Options, _clock);
    }

    public void CheckBounds()
    {
        Assert.InRange(Guest.OfferCount, 0, MaxOffers);
        Assert.InRange(Guest.GpadlCount, 0, _requests);
        Assert.InRange(Guest.PendingRequests, 0, _requests);
        Assert.InRange(Guest.WaitingPosts, 0, 3 * _requests);
        Assert.True(Guest.UntilDue is null || Guest.UntilDue >= TimeSpan.Zero);
        Assert.Equal(Guest.GpadlCount, Guest.Offers.Sum(offer => Guest.GpadlsOf(offer.Relid).Count));
    }

    // Whatever happened, leaving leaves nothing behind but open reserved channels.
    public void Finish()
    {
        if (Guest.State is not (GuestConnectionState.Disconnected or GuestConnectionState.Unloading))
            Guest.Unload();
        _clock.Advance(TimeSpan.FromMinutes(1));
        Guest.Elapse();
        Assert.Equal((GuestConnectionState.Disconnected, 0), (Guest.State, Guest.PendingRequests));
        Assert.All(Guest.Offers, offer => Assert.Equal(GuestChannelState.Open, Guest.StateOf(offer.Relid)));
    }

    /// <summary>A message with a header, and fields that mean something often enough.</summary>
    public byte[] Message()
    {
        var type = (ChannelMessageType)(Next() % 31);
        uint relid = Next() % 8u, gpadl = GuestProtocol.FirstGpadl + Next() % 6u;
        var status = Next() % 3 == 0 ? ChannelMessageStatus.Unsuccessful : ChannelMessageStatus.Success;
        byte[] message = type switch
        {
            ChannelMessageType.OfferChannel => ScriptedHost.OfferBytes(relid, (ushort)(Next() % 3), new Guid(Next() % 3, 0, 0, new byte[8]), (OfferFlags)(Next() << 8), monitor: Next()),
            ChannelMessageType.RescindOffer => ChannelMessages.ToBytes(type, new RescindOffer { ChildRelid = relid }),
            ChannelMessageType.OpenChannelResult => ChannelMessages.ToBytes(type, new OpenChannelResult { ChildRelid = relid, OpenId = Next() % 2 == 0 ? 0 : relid, Status = status }),
            ChannelMessageType.GpadlCreated => ChannelMessages.ToBytes(type, new GpadlCreated { ChildRelid = relid, Gpadl = gpadl, Status = status }),
            ChannelMessageType.GpadlTorndown => ChannelMessages.ToBytes(type, new GpadlTorndown { Gpadl = gpadl }),
            ChannelMessageType.VersionResponse => VersionAnswer(),
            ChannelMessageType.CloseReservedChannelResponse => ChannelMessages.ToBytes(type, new CloseReservedChannelResponse { ChildRelid = relid }),
            ChannelMessageType.TlConnectResult => ChannelMessages.ToBytes(type, new TlConnectResult { Status = status }),
            ChannelMessageType.ModifyChannelResponse => ChannelMessages.ToBytes(type, new ModifyChannelResponse { ChildRelid = relid, Status = status }),
            ChannelMessageType.ModifyConnectionResponse => ChannelMessages.ToBytes(type, new ModifyConnectionResponse { ConnectionState = (ConnectionState)(Next() % 3) }),
            _ => ChannelMessages.ToBytes(type),
        };
        return Next() % 8 == 0 ? message[..(Next() % (message.Length + 1))] : message;
    }

    private byte[] VersionAnswer()
    {
        var response = new VersionResponse { VersionSupported = (byte)(Next() % 4), ConnectionState = (ConnectionState)(Next() % 8 == 0 ? 1 : 0), ConnectionId = 9 };
        var features = (FeatureFlags)(Next() & ~(Next() % 2 * 0x40));
        return ChannelMessages.ToBytes(
            VersionResponse.MessageType,
            new VersionResponse3 { Response = new() { Response = response, SupportedFeatures = features }, ParentToChildMonitorPage = 0x1000, ChildToParentMonitorPage = Next() * 0x1000ul });
    }

    // What the state does not allow throws, as documented; anything else is a defect.
    private void Ask(byte choice)
    {
        uint relid = Next() % 8u, gpadl = GuestProtocol.FirstGpadl + Next() % 6u;
        string before = Snapshot.Of(Guest);
        try
        {
            Ask(choice % 20, relid, gpadl);
            _requests++;
        }
        catch (Exception refused) when (refused is InvalidOperationException or ArgumentException)
        {
            Assert.Equal(before, Snapshot.Of(Guest));
        }
    }

    private void Ask(int what, uint relid, uint gpadl)
    {
        switch (what)
        {
            case 0 or 1: Guest.Connect(ScriptedHost.Pages); break;
            case 2: Guest.RequestOffers(); break;
            case 3: Guest.CreateGpadl(relid, [GpadlRange.OfPages(0, Next() % 60 + 1)]); break;
            case 4: Guest.TeardownGpadl(gpadl); break;
            case 5 or 6: Guest.Open(relid, new GuestOpenRequest { Gpadl = gpadl, DownstreamPageOffset = 1 }); break;
            case 7: Guest.Close(relid); break;
            case 8: Guest.ModifyChannel(relid, 1); break;
            case 9: Guest.ReleaseRelid(relid); break;
            case 10: Guest.OpenReserved(relid, 0, 2, gpadl, 1); break;
            case 11: Guest.CloseReserved(relid, 0, 2); break;
            case 12: Guest.ConnectTransport(Guid.Empty, ScriptedHost.NetworkClass, Guid.Empty); break;
            case 13: Guest.ModifyConnection(0x5000, 0x6000); break;
            case 14: Guest.Pause(); break;
            case 15: Guest.Resume(); break;
            case 16 when Next() % 4 == 0: Guest.Unload(); break;
            case 17: Pass(); break;
            default: Post(); break;
        }
    }

    private void Pass()
    {
        _clock.Advance(TimeSpan.FromSeconds(Next()));
        Guest.Elapse();
    }

    private void Post()
    {
        for (int posts = Next() % 4; posts >= 0 && Guest.TryPeekPost(out QueuedMessage message); posts--)
        {
            log?.Add($"{message.ConnectionId} {Convert.ToHexString(message.Bytes.Span)}");
            Guest.CompletePost((Next() % 8) switch
            {
                0 => HypercallStatus.AccessDenied,
                1 => HypercallStatus.InsufficientBuffers,
                2 => HypercallStatus.InvalidConnectionId,
                _ => HypercallStatus.Success,
            });
        }
        while (Next() % 2 == 0 && Guest.TryTakeEvent(out _))
        {
        }
    }

    private void PostOne()
    {
        Assert.True(Guest.TryPeekPost(out _));
        Guest.CompletePost(HypercallStatus.Success);
    }

    private byte Next() => _at < script.Length ? script[_at++] : (byte)0;
}
