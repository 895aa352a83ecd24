using FsCheck.Xunit;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Host;

/// <summary>Guests that send anything, over devices that answer when they like.</summary>
public sealed class HostHostileGuestTests
{
    internal static readonly HostProtocolOptions Options = new()
    {
        MaxChannels = 6,
        MonitorIds = 2,
        MaxGpadls = 7,
        MaxGpadlPages = 200,
        MaxWaitingAnswers = 5,
        MaxTransportConnects = 3,
        VpCount = 4,
    };

    // Law: whatever a guest sends and whenever devices answer, nothing throws, no device is asked what cannot be, everything
    // stays within its limits, and when the guest is gone nothing of its is left.
    [Property(MaxTest = 1500)]
    public void Any_guest_over_any_devices_is_served_within_the_limits_and_leaves_nothing(int seed)
    {
        var random = new Random(seed);
        var guest = new ScriptedGuest(Options);
        HostProtocol host = guest.Host;
        var devices = new ModelDevices(host, random);
        int instance = 0;
        for (int step = 0; step < 120; step++)
        {
            int what = random.Next(100);
            if (what < 60 && host.CanReceive)
                host.Receive(AnyMessage(random, host.Negotiated));
            else if (what < 80)
                devices.AnswerOne();
            else if (what < 85 && host.CanOffer)
                devices.Add(guest.Offer(random.Next(3) + 10 * ++instance, latency: random.Next(2) == 0 ? null : TimeSpan.FromMicroseconds(100)));
            else if (what < 87 && devices.Offers.Count > 0)
                devices.Revoke(devices.Offers.ElementAt(random.Next(devices.Offers.Count)));
            else if (what == 87)
                host.Reset();
            else
                Post(host, random);

            devices.Take();
            guest.Clock.Advance(TimeSpan.FromMilliseconds(random.Next(20)));
            StaysWithinLimits(host, devices);
        }

        host.Reset();
        for (devices.Take(); devices.Unanswered > 0; devices.Take())
            devices.AnswerOne(willing: true);
        guest.NothingLeaks();
        Assert.Equal(0, host.WaitingMessages);
    }

    // Law: a guest that hears nothing, over devices that answer nothing, can make the host keep no more than the limits say.
    [Fact]
    public void Memory_is_bounded_when_nobody_answers()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var guest = new ScriptedGuest(Options);
            for (int instance = 1; instance <= 6; instance++)
                guest.Offer(instance);
            guest.Connected();
            for (int step = 0; step < 20_000; step++)
            {
                if (!guest.Host.CanReceive)
                    guest.Posts();
                byte[] message = AnyMessage(random, guest.Host.Negotiated);
                if (message.Length == 0 || (ChannelMessageType)message[0] is not (ChannelMessageType.Unload or ChannelMessageType.InitiateContact))
                    guest.Host.Receive(message);
                Assert.True(guest.Host.WaitingMessages <= Options.MaxWaitingAnswers + 1);
            }

            // An open, a close and a change a channel, the GPADLs, a move of the pages, the socket channels, the relids given back.
            Assert.True(guest.Actions().Count <= 3 * 6 + 2 * Options.MaxGpadls + 1 + Options.MaxTransportConnects + 2 * 6);
        }
    }

    private static void StaysWithinLimits(HostProtocol host, ModelDevices devices)
    {
        Assert.InRange(host.GpadlCount, 0, Options.MaxGpadls);
        Assert.InRange(host.GpadlPages, 0, Options.MaxGpadlPages);
        Assert.InRange(host.RelidsInUse, 0, Options.MaxChannels);
        Assert.InRange(host.MonitorIdsInUse, 0, Options.MonitorIds);
        Assert.InRange(devices.Unanswered, 0, 200);
        Assert.Equal(host.Negotiated.IsNegotiated, host.State is HostState.Connected or HostState.Paused);
    }

    private static void Post(HostProtocol host, Random random)
    {
        if (!host.TryPeekPost(out QueuedMessage message))
            return;
        // An older version's offer is shorter than the newest version's.
        MessageFault fault = ChannelMessages.Check(message.Bytes.Span, MessageDirection.HostToGuest, new NegotiatedVersion(ProtocolVersion.Copper, (FeatureFlags)0xFF), out _);
        Assert.True(fault == MessageFault.None || message.Bytes.Length == ChannelMessages.FirstOfferSize);
        host.CompletePost(random.Next(5) switch { 0 => HypercallStatus.ObjectInUse, 1 => HypercallStatus.InvalidVpIndex, _ => HypercallStatus.Success });
    }

    internal static byte[] AnyMessage(Random random, NegotiatedVersion negotiated)
    {
        byte[] message = AnyWholeMessage(random, negotiated);
        if (random.Next(12) == 0)
            message[random.Next(message.Length)] = (byte)random.Next(256);
        return random.Next(12) == 0 ? message[..random.Next(message.Length + 1)] : message;
    }

    private static byte[] AnyWholeMessage(Random random, NegotiatedVersion negotiated)
    {
        uint relid = (uint)random.Next(1, 5), gpadl = (uint)random.Next(1, 4), vp = random.Next(8) == 0 ? uint.MaxValue : (uint)random.Next(5);
        if (!negotiated.IsNegotiated && random.Next(3) > 0)
            return Contact(random);
        switch (random.Next(24))
        {
            case 0: return Contact(random);
            case 1: return random.Next(3) == 0 ? ChannelMessages.ToBytes(ChannelMessageType.Unload) : ChannelMessages.ToBytes(ChannelMessageType.RequestOffers);
            case 2 or 3: return ChannelMessages.ToBytes(ChannelMessageType.RequestOffers);
            case 4 or 5 or 6 or 7:
                int pages = random.Next(3) == 0 ? random.Next(27, 80) : random.Next(1, 6);
                ulong[] words = ScriptedGuest.Range(pages, (uint)random.Next(2));
                return ScriptedGuest.GpadlMessage(relid, gpadl, words.Length * 8, random.Next(8) == 0 ? random.Next(3) : 1, words.AsSpan(0, Math.Min(27, words.Length)));
            case 8 or 9: return ScriptedGuest.GpadlBodyMessage(gpadl, new ulong[random.Next(GpadlBody.MaxPageFrames + 1)]);
            case 10 or 11: return ChannelMessages.ToBytes(ChannelMessageType.GpadlTeardown, new GpadlTeardown { ChildRelid = relid, Gpadl = gpadl });
            case 12 or 13 or 14:
                var open = new OpenChannel { ChildRelid = relid, OpenId = (uint)random.Next(3), RingBufferGpadl = gpadl, TargetVp = vp, DownstreamPageOffset = (uint)random.Next(3) };
                return ChannelMessages.ToBytes(ChannelMessageType.OpenChannel, new OpenChannel2 { Open = open, ConnectionId = 9, EventFlag = (ushort)random.Next(9) });
            case 15 or 16: return ChannelMessages.ToBytes(ChannelMessageType.CloseChannel, new CloseChannel { ChildRelid = relid });
            case 17: return ChannelMessages.ToBytes(ChannelMessageType.RelidReleased, new RelidReleased { ChildRelid = relid });
            case 18:
                var reserved = new OpenReservedChannel { ChildRelid = relid, TargetVp = vp, TargetSint = (uint)random.Next(18), RingBufferGpadl = gpadl, DownstreamPageOffset = 1 };
                return ChannelMessages.ToBytes(ChannelMessageType.OpenReservedChannel, reserved);
            case 19: return ChannelMessages.ToBytes(ChannelMessageType.CloseReservedChannel, new CloseReservedChannel { ChildRelid = relid, TargetVp = vp, TargetSint = 2 });
            case 20: return ChannelMessages.ToBytes(ChannelMessageType.ModifyChannel, new ModifyChannel { ChildRelid = relid, TargetVp = vp });
            case 21:
                ulong page = (ulong)random.Next(2);
                return ChannelMessages.ToBytes(ChannelMessageType.ModifyConnection, new ModifyConnection { ParentToChildMonitorPage = page, ChildToParentMonitorPage = page });
            case 22: return ChannelMessages.ToBytes(random.Next(3) == 0 ? ChannelMessageType.Pause : ChannelMessageType.Resume);
            default: return ChannelMessages.ToBytes(ChannelMessageType.TlConnectRequest, default(TlConnectRequest2));
        }
    }

    private static byte[] Contact(Random random) => ChannelMessages.ToBytes(ChannelMessageType.InitiateContact, new InitiateContact2
    {
        Contact = new InitiateContact
        {
            VersionRequested = random.Next(3) > 0 ? ProtocolVersion.Copper : ProtocolVersion.Known[random.Next(ProtocolVersion.Known.Count)],
            TargetVp = (uint)random.Next(5),
            TargetSint = SynicMsr.VmBusSint,
            FeatureFlags = (FeatureFlags)random.Next(256),
            ParentToChildMonitorPage = 0x1000,
            ChildToParentMonitorPage = random.Next(9) == 0 ? 0u : 0x2000,
        },
    });
}
