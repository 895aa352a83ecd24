using FsCheck.Xunit;
using VmBus.InMemory;
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
            Assert.True(outgoing.TryWrite(packet.Payload, packet.TransactionId, packet.WantsCompletion ? Layout.PacketFlags.CompletionRequested : Layout.PacketFlags.None, out _));
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
}
