using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.Backends.Tests.Bus;

/// <summary>
/// Sends every packet back, and takes it only when it has: wherever its service is ended, no packet is lost or sent twice.
/// </summary>
internal sealed class CountingDevice : IChannelDevice
{
    private int _restored;
    private int _served;

    public int Restored => Volatile.Read(ref _restored);

    public int Served => Volatile.Read(ref _served);

    public VmBusChannel? LastChannel { get; private set; }

    public async Task ServeAsync(DeviceContext channel, CancellationToken closing)
    {
        LastChannel = channel.Channel;
        Interlocked.Increment(ref _served);
        if (channel.IsRestored)
            Interlocked.Increment(ref _restored);
        while (await channel.Channel.WaitToReadAsync(closing))
        {
            int waitsFor;
            while ((waitsFor = PassOn(channel.Channel)) == 0)
                closing.ThrowIfCancellationRequested();
            if (waitsFor > 0)
                await channel.Channel.WaitToWriteAsync(waitsFor, closing);
        }
    }

    // 0 when a packet went back, its length when there is no room for it, -1 when there is none.
    private static int PassOn(VmBusChannel channel)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        if (!batch.TryNext(out RingPacket packet))
            return -1;
        if (!channel.TrySend(packet.Payload, packet.TransactionId, PacketFlags.None))
            return packet.Payload.Length;
        batch.Commit();
        return 0;
    }
}
