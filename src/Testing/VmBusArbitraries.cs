using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Testing;

/// <summary>
/// Arbitraries for FsCheck: <c>[Properties(Arbitrary = [typeof(VmBusArbitraries)])]</c>. The values are valid; for invalid ones,
/// see <see cref="HostilePeer"/> and <see cref="HostileMessages"/>.
/// </summary>
public static class VmBusArbitraries
{
    /// <summary>The longest generated payload, in bytes: it fits the smallest ring.</summary>
    public const int MaxPayload = 2048;

    /// <summary>Packets: payloads from empty to <see cref="MaxPayload"/>, mostly short, with and without padding.</summary>
    public static Arbitrary<TestPacket> Packets()
    {
        Gen<TestPacket> packets =
            from length in Gen.Frequency((6, Gen.Choose(0, 64)), (3, Gen.Choose(0, MaxPayload)), (1, Gen.Constant(MaxPayload)))
            from payload in Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(length)
            from id in Gen.Choose(0, int.MaxValue)
            from wantsCompletion in Gen.Elements(false, true)
            select new TestPacket(payload, (ulong)id, wantsCompletion);
        return Arb.From(packets, Shorter);
    }

    /// <summary>Offers: of a known or an unknown class, with or without a monitor, primary or subchannel.</summary>
    public static Arbitrary<HostOffer> Offers()
    {
        Gen<Guid> guids = Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(16).Select(bytes => new Guid(bytes));
        return Arb.From(
            from type in Gen.Frequency((3, Gen.Elements(DeviceClass.Known.Select(one => one.Id).ToArray())), (1, guids))
            from instance in guids
            from index in Gen.Frequency((4, Gen.Constant(0)), (1, Gen.Choose(1, 64)))
            from latency in Gen.Frequency((1, Gen.Constant(0)), (2, Gen.Choose(1, ushort.MaxValue)))
            select new HostOffer(type, instance) { SubchannelIndex = (ushort)index, MonitorLatency = latency == 0 ? null : new TimeSpan(latency) });
    }

    /// <summary>
    /// Channel messages of every type and both directions, of the newest version: complete, with small numbers in their fields.
    /// Each is valid by itself, but its channel or GPADL does not have to exist.
    /// </summary>
    public static Arbitrary<TestMessage> Messages() => Arb.From(
        from rule in Gen.Elements(ChannelMessages.All.ToArray())
        from fields in Gen.Choose(0, 64).ArrayOf(ChannelMessages.MaxLength / sizeof(uint))
        from offer in Offers().Generator
        select new TestMessage(rule.Direction, MessageBytes(rule, fields, offer)));

    /// <summary>Histories of rings of one to four pages, with up to 60 writes and reads.</summary>
    public static Arbitrary<RingHistory> RingHistories()
    {
        Gen<RingStep> steps = Gen.Frequency(
            (3, Packets().Generator.Select(packet => new RingStep(packet, 0))),
            (2, Gen.Choose(1, 8).Select(count => new RingStep(null, count))));
        return Arb.From(
            from pages in Gen.Choose(1, 4)
            from count in Gen.Choose(0, 60)
            from all in steps.ArrayOf(count)
            select new RingHistory(pages * 4096, all),
            Shorter);
    }

    private static byte[] MessageBytes(ChannelMessageRule rule, int[] fields, HostOffer offer)
    {
        byte[] bytes = new byte[rule.MinimumLength(new NegotiatedVersion(ProtocolVersion.Copper, (FeatureFlags)uint.MaxValue))];
        if (rule.Type == ChannelMessageType.OfferChannel)
        {
            var channel = new OfferChannel
            {
                Offer = new ChannelOffer { InterfaceType = offer.InterfaceType, InterfaceInstance = offer.InterfaceInstance, SubchannelIndex = offer.SubchannelIndex },
                ChildRelid = (uint)fields[0] + 1,
                InterruptFlags = OfferChannel.DedicatedInterruptBit,
                ConnectionId = 0x2000 + (uint)fields[0],
            };
            return ChannelMessages.ToBytes(rule.Type, channel);
        }
        for (int offset = ChannelMessageHeader.Size; offset + sizeof(uint) <= bytes.Length; offset += sizeof(uint))
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), (uint)fields[offset / sizeof(uint)]);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)rule.Type);
        return bytes;
    }

    private static IEnumerable<RingHistory> Shorter(RingHistory history)
    {
        int count = history.Steps.Count;
        if (count == 0)
            yield break;
        yield return history with { Steps = [] };
        yield return history with { Steps = [.. history.Steps.Take(count / 2)] };
        for (int step = 0; step < count; step++)
            yield return history with { Steps = [.. history.Steps.Where((_, index) => index != step)] };
    }

    private static IEnumerable<TestPacket> Shorter(TestPacket packet)
    {
        if (packet.Payload.Length > 0)
        {
            yield return packet with { Payload = [] };
            yield return packet with { Payload = packet.Payload[..(packet.Payload.Length / 2)] };
            yield return packet with { Payload = packet.Payload[..^1] };
        }
        if (packet.WantsCompletion)
            yield return packet with { WantsCompletion = false };
        if (packet.TransactionId != 0)
            yield return packet with { TransactionId = 0 };
    }
}
