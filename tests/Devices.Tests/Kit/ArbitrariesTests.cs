using FsCheck.Fluent;
using FsCheck.Xunit;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Protocol;
using VmBus.Testing;

namespace VmBus.Devices.Tests.Kit;

[Properties(Arbitrary = [typeof(VmBusArbitraries)])]
public class ArbitrariesTests
{
    [Property]
    public void A_ring_carries_any_packet_as_it_is_padded(TestPacket[] packets)
    {
        RingMemory memory = RingMemory.Allocate(8192);
        var outgoing = new OutgoingRing(memory);
        var incoming = new IncomingRing(memory, new() { Trust = PeerTrust.Untrusted });
        byte[] read = new byte[VmBusArbitraries.MaxPayload];
        foreach (TestPacket packet in packets)
        {
            Assert.True(outgoing.TryWrite(packet.Payload, packet.TransactionId, packet.WantsCompletion ? PacketFlags.CompletionRequested : PacketFlags.None, out _));
            Assert.True(incoming.TryRead(read, out int length, out ulong id, out _));
            Assert.Equal(packet.Padded, read[..length]);
            Assert.Equal(packet.TransactionId, id);
        }
    }

    [Property(MaxTest = 20)]
    public async Task A_host_offers_any_offer_and_a_guest_opens_it(HostOffer offer)
    {
        await using var machine = new InMemoryMachine();
        if (offer.SubchannelIndex != 0)
            await machine.Host.OfferAsync(offer with { SubchannelIndex = 0 }, new EchoDevice());
        await machine.Host.OfferAsync(offer, new EchoDevice());
        await using VmBusChannel primary = await machine.OpenAsync(offer with { SubchannelIndex = 0 }, cancellationToken: TestContext.Current.CancellationToken);
        if (offer.SubchannelIndex != 0)
            await using (VmBusChannel channel = await machine.OpenAsync(offer, cancellationToken: TestContext.Current.CancellationToken))
                Assert.True(channel.TrySend(new byte[8]));
        Assert.True(primary.TrySend(new byte[8]));
    }

    [Property]
    public void A_packet_says_how_it_will_be_read(TestPacket packet)
    {
        Assert.Equal(0, packet.Padded.Length % 8);
        Assert.Equal(packet.Payload, packet.Padded[..packet.Payload.Length]);
        Assert.InRange(packet.Payload.Length, 0, VmBusArbitraries.MaxPayload);
    }

    [Property]
    public void A_message_is_valid_and_says_what_it_is(TestMessage message)
    {
        var newest = new NegotiatedVersion(ProtocolVersion.Copper, (FeatureFlags)uint.MaxValue);
        Assert.Equal(MessageFault.None, ChannelMessages.Check(message.Bytes.Span, message.Direction, newest, out _));
        Assert.Contains(message.Name, message.ToString(), StringComparison.Ordinal);
        Assert.Equal(message, message with { Bytes = message.Bytes.ToArray() });
    }

    [Property]
    public void A_ring_goes_on_from_any_history(RingHistory history, TestPacket[] packets)
    {
        RingMemory memory = RingMemory.Allocate(history.DataSize);
        var outgoing = new OutgoingRing(memory);
        var incoming = new IncomingRing(memory, new() { Trust = PeerTrust.Untrusted });
        List<TestPacket> expected = [.. history.Play(outgoing, incoming)];
        foreach (TestPacket packet in packets)
        {
            if (outgoing.TryWrite(packet.Payload, packet.TransactionId, PacketFlags.None, out _))
                expected.Add(packet);
        }
        byte[] read = new byte[VmBusArbitraries.MaxPayload];
        foreach (TestPacket packet in expected)
        {
            Assert.True(incoming.TryRead(read, out int length, out ulong id, out _));
            Assert.Equal((packet.TransactionId, Convert.ToHexString(packet.Padded)), (id, Convert.ToHexString(read, 0, length)));
        }
        Assert.False(incoming.TryRead(read, out _, out _, out _));
    }

    [Fact]
    public void Histories_fill_rings_wrap_them_and_leave_packets_in_them()
    {
        int wrapped = 0, refused = 0, left = 0;
        foreach (RingHistory history in VmBusArbitraries.RingHistories().Generator.Sample(200))
        {
            RingMemory memory = RingMemory.Allocate(history.DataSize);
            var outgoing = new OutgoingRing(memory);
            IReadOnlyList<TestPacket> unread = history.Play(outgoing, new IncomingRing(memory));
            OutgoingRingStatistics written = outgoing.GetStatistics();
            wrapped += written.Bytes > history.DataSize ? 1 : 0;
            refused += history.Steps.Count(step => step.Write is not null) > written.Packets ? 1 : 0;
            left += unread.Count > 0 ? 1 : 0;
        }
        Assert.True(wrapped > 20 && refused > 5 && left > 50, $"{wrapped} wrapped, {refused} refused a packet, {left} held packets at the end");
    }

    [Fact]
    public void A_history_finds_a_ring_that_gives_another_packet()
    {
        RingMemory memory = RingMemory.Allocate(4096);
        var outgoing = new OutgoingRing(memory);
        Assert.True(outgoing.TryWrite("other"u8, 1, PacketFlags.None, out _));
        var history = new RingHistory(4096, [new(new TestPacket([1], 2, false), 0), new(null, 1)]);
        Assert.Contains("transaction id 1", Assert.Throws<InvalidDataException>(() => history.Play(outgoing, new IncomingRing(memory))).Message, StringComparison.Ordinal);
        Assert.Equal("ring of 4096 bytes: write 1 bytes, read 1", history.ToString());
    }
}
