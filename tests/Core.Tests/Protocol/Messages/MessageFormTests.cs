using VmBus.Core.Tests.Protocol.Guest;
using VmBus.Core.Tests.Protocol.Host;
using VmBus.Fuzz;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Messages;

/// <summary>Every message in every form that real senders post it in, taken by our other end; and our own forms among them.</summary>
public sealed class MessageFormTests
{
    private const uint Rings = 0xE1E10;
    private const uint First = GuestProtocol.FirstGpadl;

    private static readonly FeatureFlags[] Features =
        [FeatureFlags.None, ScriptedGuest.AllFeatures, ScriptedGuest.AllFeatures & ~FeatureFlags.ServerSpecifiedMonitorPages];

    public static TheoryData<int> GuestForms => [.. Enumerable.Range(0, MessageForm.FromGuests.Count)];

    public static TheoryData<int> HostForms => [.. Enumerable.Range(0, MessageForm.FromHosts.Count)];

    // The shortest, the longest, and one of a version to come, as long as a message can be.
    [Theory]
    [MemberData(nameof(GuestForms))]
    public void A_host_takes_what_guests_post_and_refuses_what_is_shorter(int row)
    {
        MessageForm form = MessageForm.FromGuests[row];
        foreach (NegotiatedVersion version in form.Versions)
        {
            foreach (int length in (int[])[form.Shortest, form.Longest, ChannelMessages.MaxLength])
            {
                ScriptedGuest guest = Prepare(form, version);
                MessageFault fault = guest.Host.Receive(OfGuest(form, version, length));
                Assert.True(fault == MessageFault.None, $"{form} at {version}, {length} bytes: {fault}");
                guest.DoAll();
                ChannelMessageType[] answers = [.. guest.Posts().Select(post => post.Type)];
                Assert.True(AnswersOf(form.Type, version).SequenceEqual(answers), $"{form} at {version}, {length} bytes is answered by {string.Join(", ", answers)}");
            }

            if (form.IsLeast)
                RefusesShorter(form, version);
        }
    }

    [Theory]
    [MemberData(nameof(HostForms))]
    public void A_guest_takes_what_hosts_post_and_drops_what_is_shorter(int row)
    {
        MessageForm form = MessageForm.FromHosts[row];
        foreach (NegotiatedVersion version in form.Versions)
        {
            foreach (int length in (int[])[form.Shortest, form.Longest, ChannelMessages.MaxLength])
            {
                ScriptedHost host = PrepareGuest(form, version);
                string before = Snapshot.Of(host.Guest);
                MessageFault fault = host.Guest.Receive(OfHost(form, length));
                Assert.True(fault == MessageFault.None, $"{form} at {version}, {length} bytes: {fault}");
                Assert.NotEqual(before, Snapshot.Of(host.Guest));
            }

            if (!form.IsLeast)
                continue;
            ScriptedHost other = PrepareGuest(form, version);
            string untouched = Snapshot.Of(other.Guest);
            Assert.Equal(MessageFault.TooShort, other.Guest.Receive(OfHost(form, form.Shortest - 1)));
            Assert.Equal(untouched, Snapshot.Of(other.Guest));
        }
    }

    [Fact]
    public void Our_two_ends_post_no_form_that_is_not_in_the_table_and_understand_each_other()
    {
        var seen = new HashSet<(ChannelMessageType, int)>();
        foreach (ProtocolVersion version in ProtocolVersion.Known)
        {
            foreach (FeatureFlags features in version >= ProtocolVersion.Copper ? Features : [FeatureFlags.None])
                Converse(version, features, seen);
        }

        // But QEMU's version response, Linux's request for a socket channel from 5.2 on, and whole offers at 0.13.
        IEnumerable<ChannelMessageType> all = MessageForm.FromGuests.Concat(MessageForm.FromHosts).Select(form => form.Type).Distinct();
        Assert.Equal(all.Order(), seen.Select(form => form.Item1).Distinct().Order());
    }

    private static void Converse(ProtocolVersion version, FeatureFlags features, HashSet<(ChannelMessageType, int)> seen)
    {
        var options = new HostProtocolOptions { ServerMonitorPages = (features & FeatureFlags.ServerSpecifiedMonitorPages) == 0 ? null : new MonitorPageAddresses(0xA000, 0xB000) };
        var host = new HostProtocol(options, TimeProvider.System);
        var guest = new GuestProtocol(new GuestProtocolOptions { Versions = [version], Features = features }, TimeProvider.System);
        for (int instance = 1; instance <= 3; instance++)
            host.Offer(ScriptedGuest.MakeOffer(instance));
        guest.Connect(ScriptedHost.Pages);
        Pump();
        guest.RequestOffers();
        Pump();
        uint rings = guest.CreateGpadl(1, [GpadlRange.OfPages(1, 60)]);
        uint reserved = guest.CreateGpadl(2, [GpadlRange.OfPages(1, 4)]);
        Pump();
        guest.Open(1, new GuestOpenRequest { Gpadl = rings, DownstreamPageOffset = 2 });
        Pump();
        if (guest.Negotiated.CanModifyChannel)
            guest.ModifyChannel(1, 1);
        if (guest.Negotiated.HasTransportConnect)
        {
            guest.ConnectTransport(Guid.NewGuid(), Guid.NewGuid(), Guid.Empty);
            guest.OpenReserved(2, 1, 5, reserved, 2);
            Pump();
            guest.CloseReserved(2, 1, 5);
        }

        Pump();
        if (guest.Negotiated.Has(FeatureFlags.ModifyConnection) && !guest.AreServerMonitorPages)
            guest.ModifyConnection(0x8000, 0x9000);
        Pump();
        if (guest.Negotiated.Has(FeatureFlags.PauseResume))
        {
            guest.Pause();
            Pump();
            guest.Resume();
        }

        guest.Close(1);
        Pump();
        guest.TeardownGpadl(rings);
        host.Revoke(new OfferId(3));
        Pump();
        guest.ReleaseRelid(3);
        Pump();
        guest.Unload();
        Pump();
        Assert.Equal((GuestConnectionState.Disconnected, 0L, 0L), (guest.State, guest.Faults.Total, host.Faults.Total));

        void Pump()
        {
            bool moved;
            do
            {
                moved = false;
                while (guest.TryPeekPost(out QueuedMessage message))
                {
                    guest.CompletePost(HypercallStatus.Success);
                    See(message, MessageForm.FromGuests);
                    Assert.Equal(MessageFault.None, host.Receive(message.Bytes.Span));
                    moved = true;
                }
                while (host.TryTakeAction(out HostAction action))
                    HostAnswers.Give(host, action, action is HostAction.TransportConnect ? ChannelMessageStatus.ConnectionRefused : ChannelMessageStatus.Success);
                while (host.TryPeekPost(out QueuedMessage message))
                {
                    host.CompletePost(HypercallStatus.Success);
                    See(message, MessageForm.FromHosts);
                    Assert.Equal(MessageFault.None, guest.Receive(message.Bytes.Span));
                    moved = true;
                }
                while (guest.TryTakeEvent(out _))
                {
                }
            }
            while (moved);
        }

        void See(QueuedMessage message, IReadOnlyList<MessageForm> table)
        {
            seen.Add((message.Type, message.Bytes.Length));
            Assert.Contains(table, form => form.Type == message.Type && version >= form.Since && (form.Before == default || version < form.Before)
                && message.Bytes.Length >= form.Shortest && message.Bytes.Length <= form.Longest && (features & form.Features) == form.Features);
        }
    }

    private static void RefusesShorter(MessageForm form, NegotiatedVersion version)
    {
        ScriptedGuest guest = Prepare(form, version);
        MessageFault fault = guest.Host.Receive(OfGuest(form, version, form.Shortest - 1));
        Assert.True(fault == MessageFault.TooShort, $"{form} at {version}, {form.Shortest - 1} bytes: {fault}");
        guest.NothingToDo();
        ChannelMessageType[] refusals = form.Type switch
        {
            ChannelMessageType.InitiateContact => [ChannelMessageType.VersionResponse],
            ChannelMessageType.OpenChannel or ChannelMessageType.OpenReservedChannel => [ChannelMessageType.OpenChannelResult],
            ChannelMessageType.ModifyChannel when version.AnswersModifyChannel => [ChannelMessageType.ModifyChannelResponse],
            ChannelMessageType.ModifyConnection => [ChannelMessageType.ModifyConnectionResponse],
            _ => [],
        };
        List<QueuedMessage> posts = guest.Posts();
        Assert.Equal(refusals, posts.Select(post => post.Type));
        if (form.Type is ChannelMessageType.OpenChannel or ChannelMessageType.OpenReservedChannel)
            Assert.Equal(ChannelMessageStatus.Unsuccessful, ChannelMessages.Read<OpenChannelResult>(posts[0].Bytes.Span).Status);
    }

    private static ScriptedGuest Prepare(MessageForm form, NegotiatedVersion version)
    {
        var guest = new ScriptedGuest();
        if (form.Type == ChannelMessageType.InitiateContact)
            return guest;
        OfferId offer = guest.Offer();
        guest.Connected(version.Version, version.Features, requestOffers: form.Type != ChannelMessageType.RequestOffers);
        switch (form.Type)
        {
            case ChannelMessageType.GpadlBody:
                ulong[] words = ScriptedGuest.Range(60);
                guest.Host.Receive(ScriptedGuest.GpadlMessage(1, 9, words.Length * 8, 1, words.AsSpan(0, 27)));
                break;
            case ChannelMessageType.GpadlTeardown or ChannelMessageType.OpenChannel or ChannelMessageType.OpenReservedChannel:
                guest.CreateGpadl(offer, Rings);
                break;
            case ChannelMessageType.CloseChannel or ChannelMessageType.ModifyChannel:
                guest.CreateGpadl(offer, Rings);
                guest.SendOpen(vp: 0);
                break;
            case ChannelMessageType.CloseReservedChannel:
                guest.CreateGpadl(offer, Rings);
                guest.SendOpenReserved();
                break;
            case ChannelMessageType.Resume:
                guest.Send(ChannelMessageType.Pause);
                break;
        }

        guest.DoAll();
        guest.Posts();
        return guest;
    }

    private static byte[] OfGuest(MessageForm form, NegotiatedVersion version, int length)
    {
        byte[] message = form.Type switch
        {
            ChannelMessageType.InitiateContact => Bytes(form, new InitiateContact { VersionRequested = version.Version, TargetSint = (byte)(version.HasInterruptPage ? 0 : SynicMsr.VmBusSint), FeatureFlags = version.Features }),
            ChannelMessageType.GpadlHeader => Header((length - 28) / 8),
            ChannelMessageType.GpadlBody => Bytes(form, new GpadlBody { Gpadl = 9 }),
            ChannelMessageType.GpadlTeardown => Bytes(form, new GpadlTeardown { ChildRelid = 1, Gpadl = Rings }),
            ChannelMessageType.OpenChannel => Bytes(form, new OpenChannel2 { Open = new OpenChannel { ChildRelid = 1, OpenId = 7, RingBufferGpadl = Rings, DownstreamPageOffset = 2 }, ConnectionId = 3, EventFlag = 4 }),
            ChannelMessageType.OpenReservedChannel => Bytes(form, new OpenReservedChannel { ChildRelid = 1, RingBufferGpadl = Rings, TargetSint = 5, DownstreamPageOffset = 2 }),
            ChannelMessageType.CloseReservedChannel => Bytes(form, new CloseReservedChannel { ChildRelid = 1, TargetSint = 5 }),
            ChannelMessageType.CloseChannel or ChannelMessageType.RelidReleased or ChannelMessageType.ModifyChannel => Bytes(form, new ModifyChannel { ChildRelid = 1 }),
            ChannelMessageType.ModifyConnection => Bytes(form, new ModifyConnection { ParentToChildMonitorPage = 0x8000, ChildToParentMonitorPage = 0x9000 }),
            _ => ChannelMessages.ToBytes(form.Type),
        };
        Array.Resize(ref message, length);
        return message;
    }

    // A header of so many pages, all there are; a longer message has the rest behind them.
    private static byte[] Header(int pages)
    {
        ulong[] words = ScriptedGuest.Range(Math.Clamp(pages, 1, 26));
        return ScriptedGuest.GpadlMessage(1, 9, words.Length * sizeof(ulong), 1, words);
    }

    private static byte[] Bytes<T>(MessageForm form, T message) where T : unmanaged => ChannelMessages.ToBytes(form.Type, message);

    private static ChannelMessageType[] AnswersOf(ChannelMessageType type, NegotiatedVersion version) => type switch
    {
        ChannelMessageType.InitiateContact => [ChannelMessageType.VersionResponse],
        ChannelMessageType.RequestOffers => [ChannelMessageType.OfferChannel, ChannelMessageType.AllOffersDelivered],
        ChannelMessageType.GpadlHeader => [ChannelMessageType.GpadlCreated],
        ChannelMessageType.GpadlTeardown => [ChannelMessageType.GpadlTorndown],
        ChannelMessageType.OpenChannel or ChannelMessageType.OpenReservedChannel => [ChannelMessageType.OpenChannelResult],
        ChannelMessageType.Unload => version.AnswersUnload ? [ChannelMessageType.UnloadResponse] : [],
        ChannelMessageType.CloseReservedChannel => [ChannelMessageType.CloseReservedChannelResponse],
        ChannelMessageType.ModifyChannel => version.AnswersModifyChannel ? [ChannelMessageType.ModifyChannelResponse] : [],
        ChannelMessageType.ModifyConnection => [ChannelMessageType.ModifyConnectionResponse],
        ChannelMessageType.Pause => [ChannelMessageType.PauseResponse],
        _ => [],
    };

    private static ScriptedHost PrepareGuest(MessageForm form, NegotiatedVersion version)
    {
        if (form.Type == ChannelMessageType.VersionResponse)
        {
            var negotiating = new ScriptedHost(new GuestProtocolOptions { Versions = [version.Version], Features = version.Features });
            negotiating.Guest.Connect(ScriptedHost.Pages);
            negotiating.Posted(ChannelMessageType.InitiateContact);
            return negotiating;
        }

        ScriptedHost host = ScriptedHost.Connected(version.Version, version.Features);
        GuestProtocol guest = host.Guest;
        uint gpadl = form.Type is ChannelMessageType.OfferChannel ? 0 : host.OfferWithGpadl(3);
        switch (form.Type)
        {
            case ChannelMessageType.AllOffersDelivered: guest.RequestOffers(); break;
            case ChannelMessageType.GpadlCreated: guest.CreateGpadl(3, [GpadlRange.OfPages(0, 1)]); break;
            case ChannelMessageType.GpadlTorndown: guest.TeardownGpadl(gpadl); break;
            case ChannelMessageType.OpenChannelResult: guest.Open(3, new GuestOpenRequest { Gpadl = gpadl, DownstreamPageOffset = 2 }); break;
            case ChannelMessageType.UnloadResponse: guest.Unload(); break;
            case ChannelMessageType.CloseReservedChannelResponse:
                guest.OpenReserved(3, 0, 2, gpadl, 2);
                host.Opened(3, openId: 0);
                guest.CloseReserved(3, 0, 2);
                break;
            case ChannelMessageType.TlConnectResult: guest.ConnectTransport(Guid.Empty, Guid.Empty, Guid.Empty); break;
            case ChannelMessageType.ModifyChannelResponse:
                guest.Open(3, new GuestOpenRequest { Gpadl = gpadl, DownstreamPageOffset = 2 });
                host.Opened(3);
                guest.ModifyChannel(3, 1);
                break;
            case ChannelMessageType.ModifyConnectionResponse: guest.ModifyConnection(0x9000, 0xA000); break;
            case ChannelMessageType.PauseResponse: guest.Pause(); break;
        }

        while (guest.TryPeekPost(out _))
            guest.CompletePost(HypercallStatus.Success);
        return host;
    }

    private static byte[] OfHost(MessageForm form, int length)
    {
        byte[] message = form.Type switch
        {
            ChannelMessageType.VersionResponse => Bytes(form, new VersionResponse3 { Response = new() { Response = new() { VersionSupported = 1, ConnectionId = 7 }, SupportedFeatures = form.Features }, ParentToChildMonitorPage = 0xA000, ChildToParentMonitorPage = 0xB000 }),
            ChannelMessageType.OfferChannel => ScriptedHost.OfferBytes(9),
            ChannelMessageType.GpadlCreated => Bytes(form, new GpadlCreated { ChildRelid = 3, Gpadl = First + 1 }),
            ChannelMessageType.GpadlTorndown => Bytes(form, new GpadlTorndown { Gpadl = First }),
            ChannelMessageType.OpenChannelResult => Bytes(form, new OpenChannelResult { ChildRelid = 3, OpenId = 3 }),
            ChannelMessageType.RescindOffer or ChannelMessageType.CloseReservedChannelResponse or ChannelMessageType.ModifyChannelResponse => Bytes(form, new ModifyChannelResponse { ChildRelid = 3 }),
            ChannelMessageType.TlConnectResult => Bytes(form, new TlConnectResult { Status = ChannelMessageStatus.ConnectionRefused }),
            _ => ChannelMessages.ToBytes(form.Type),
        };
        Array.Resize(ref message, length);
        return message;
    }
}
