// Opens both ends of an in-memory channel and moves numbered packets over them.

using System.Runtime.InteropServices;
using VmBus.Testing;

namespace VmBus.Backends.Tests.InMemory;

internal static class ChannelTraffic
{
    public static VmBusChannel Open(InMemoryChannelEnd end, SignalMode mode = SignalMode.Monitored) => new(
        new OutgoingRing(end.Outgoing.Memory), new IncomingRing(end.Incoming.Memory), new ChannelSignaler(end.Binding), end.Gate)
    {
        SignalMode = mode,
    };

    public static void Send(VmBusChannel channel, long first, long count)
    {
        for (long number = first; number < first + count; number++)
        {
            ReadOnlySpan<byte> payload = MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in number));
            while (!channel.TrySend(payload))
                Assert.True(channel.WaitToWrite(payload.Length, Patience.Limit), $"No room for packet {number}.");
        }
    }

    public static void Receive(VmBusChannel channel, long first, long count)
    {
        long expected = first;
        while (expected < first + count)
        {
            Assert.True(channel.WaitToRead(Patience.Limit), $"Packet {expected} did not arrive.");
            using ChannelReadBatch batch = channel.ReadBatch();
            while (expected < first + count && batch.TryNext(out RingPacket packet))
                Assert.Equal(expected++, MemoryMarshal.Read<long>(packet.Payload));
            batch.Commit();
        }
    }
}
