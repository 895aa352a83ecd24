using FsCheck;
using FsCheck.Fluent;
using VmBus.Layout;

namespace VmBus.Testing;

/// <summary>
/// Arbitraries for FsCheck: <c>[Properties(Arbitrary = [typeof(VmBusArbitraries)])]</c>. What they make is valid; for what is not,
/// see <see cref="HostilePeer"/>.
/// </summary>
public static class VmBusArbitraries
{
    /// <summary>The longest payload that is made, in bytes: one that fits the smallest ring.</summary>
    public const int MaxPayload = 2048;

    /// <summary>Packets: payloads from empty to <see cref="MaxPayload"/>, short ones mostly, of a length that needs padding or not.</summary>
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

    /// <summary>Offers: of any class that has a name or of none, with or without a monitor, primary or subchannel.</summary>
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
