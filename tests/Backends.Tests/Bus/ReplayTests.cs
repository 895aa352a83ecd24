using VmBus.Fuzz;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

/// <summary>A conversation held by both buses, recorded, and held again by each state machine alone.</summary>
public sealed class ReplayTests
{
    public static TheoryData<string> Versions() => new(ProtocolVersion.Known.Select(version => version.ToString()));

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_hosts_machine_says_again_what_it_said(string version)
    {
        RecordedMessage[] conversation = await HoldAsync(version);
        var host = new HostProtocol(new HostProtocolOptions { VpCount = 1, MaxVersion = Parse(version) }, TimeProvider.System);
        OfferId[] offers = [host.Offer(EchoDevice.Offer(1)), host.Offer(EchoDevice.Offer(2, monitored: false))];
        var replay = new ConversationReplay(conversation, MessageDirection.GuestToHost);
        int said = 0;
        foreach (RecordedMessage expected in replay.Run(message => Assert.Equal(MessageFault.None, host.Receive(message.Bytes.Span))))
        {
            Serve(host);
            Assert.True(host.TryPeekPost(out QueuedMessage message), $"nothing to say instead of {expected.Bytes.Length} bytes");
            Assert.Equal(Convert.ToHexString(expected.Bytes.Span), Convert.ToHexString(message.Bytes.Span));
            host.CompletePost(HypercallStatus.Success);
            said++;
        }

        Assert.True(said >= 7, $"{said} messages");
        Assert.False(host.TryPeekPost(out _));
        Assert.Equal(2, offers.Length);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_guests_machine_says_again_what_it_said(string version)
    {
        RecordedMessage[] conversation = await HoldAsync(version);
        var guest = new GuestProtocol(Cap(version), TimeProvider.System);
        InitiateContact contact = ChannelMessages.Read<InitiateContact>(conversation[0].Bytes.Span);
        bool hasInterruptPage = Parse(version) < ProtocolVersion.Win10Rs3V2;
        guest.Connect(new GuestPages(hasInterruptPage ? contact.InterruptPage : 0, contact.ParentToChildMonitorPage, contact.ChildToParentMonitorPage));
        var replay = new ConversationReplay(conversation);
        int said = 0;
        foreach (RecordedMessage expected in replay.Run(message => Assert.Equal(MessageFault.None, guest.Receive(message.Bytes.Span))))
        {
            while (guest.TryTakeEvent(out _))
                continue;
            Ask(guest, expected);
            Assert.True(guest.TryPeekPost(out QueuedMessage message), $"nothing to say instead of {expected.Bytes.Length} bytes");
            Assert.Equal(Convert.ToHexString(expected.Bytes.Span), Convert.ToHexString(message.Bytes.Span));
            guest.CompletePost(HypercallStatus.Success);
            said++;
        }

        Assert.True(said >= 9, $"{said} messages");
        Assert.False(guest.TryPeekPost(out _));
    }

    // Through a file: what is replayed is what was read back.
    private static async Task<RecordedMessage[]> HoldAsync(string version)
    {
        using var file = new MemoryStream();
        using (var recorder = new ConversationRecorder(file, TimeProvider.System, leaveOpen: true))
        {
            await using var fixture = new BusFixture(new()
            {
                Host = new HostBusOptions { Observer = recorder, Protocol = new HostProtocolOptions { MaxVersion = Parse(version) } },
            });
            await fixture.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
            await fixture.Host.OfferAsync(EchoDevice.Offer(2, monitored: false), new EchoDevice());
            await using GuestBus bus = await fixture.Machine.ConnectAsync(new GuestBusOptions { Protocol = Cap(version) }, BusFixture.Token);
            foreach (GuestOffer offer in await bus.RequestOffersAsync(BusFixture.Token))
            {
                await using GuestChannel channel = await bus.OpenChannelAsync(offer, cancellationToken: BusFixture.Token);
                await BusFixture.PingAsync(channel.Channel, 2);
            }
        }

        file.Position = 0;
        using var reader = new ConversationReader(file);
        return [.. reader.ReadToEnd()];
    }

    private static void Serve(HostProtocol host)
    {
        while (host.TryTakeAction(out HostAction action))
            HostAnswers.Give(host, action);
    }

    // What the guest's own side wanted when it said that.
    private static void Ask(GuestProtocol guest, RecordedMessage said)
    {
        ReadOnlySpan<byte> bytes = said.Bytes.Span;
        switch (ChannelMessages.Read<ChannelMessageHeader>(bytes).MessageType)
        {
            case ChannelMessageType.RequestOffers:
                guest.RequestOffers();
                break;
            case ChannelMessageType.GpadlHeader:
                GpadlHeader header = ChannelMessages.Read<GpadlHeader>(bytes);
                guest.CreateGpadl(header.ChildRelid, [VmBus.Protocol.GpadlRange.OfPages(FirstPage(bytes), 34)]);
                break;
            case ChannelMessageType.OpenChannel:
                OpenChannel open = ChannelMessages.Read<OpenChannel>(bytes);
                guest.Open(open.ChildRelid, new GuestOpenRequest { Gpadl = open.RingBufferGpadl, DownstreamPageOffset = open.DownstreamPageOffset });
                break;
            case ChannelMessageType.CloseChannel:
                guest.Close(ChannelMessages.Read<CloseChannel>(bytes).ChildRelid);
                break;
            case ChannelMessageType.GpadlTeardown:
                guest.TeardownGpadl(ChannelMessages.Read<GpadlTeardown>(bytes).Gpadl);
                break;
            case ChannelMessageType.Unload:
                guest.Unload();
                break;
        }
    }

    private static ulong FirstPage(ReadOnlySpan<byte> header) => BitConverter.ToUInt64(header[(GpadlHeader.Size + 8)..]) * 4096;

    private static ProtocolVersion Parse(string text) => ProtocolVersion.Known.Single(version => version.ToString() == text);

    private static GuestProtocolOptions Cap(string version) => new() { Versions = [Parse(version)], ResponseTimeout = Patience.Limit };
}
