using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

/// <summary>Sends every packet back, with its transaction id, until the guest closes the channel.</summary>
internal sealed class EchoDevice : IChannelDevice
{
    private int _opens;
    private int _serving;

    public static readonly Guid Class = new("c376c1c3-d276-48d2-90a9-c04748072c60");

    public bool AcceptsOpens { get; set; } = true;

    public int Opens => Volatile.Read(ref _opens);

    public int Serving => Volatile.Read(ref _serving);

    public HostOpenRequest? LastRequest { get; private set; }

    public static HostOffer Offer(int instance, bool monitored = true, ushort subchannel = 0) => new(Class, new Guid(instance, 0, 0, new byte[8]))
    {
        SubchannelIndex = subchannel,
        MonitorLatency = monitored ? TimeSpan.FromMicroseconds(100) : null,
    };

    public ValueTask<bool> AcceptsAsync(HostOpenRequest request, CancellationToken cancellationToken)
    {
        LastRequest = request;
        return new(AcceptsOpens);
    }

    public async Task ServeAsync(DeviceContext channel, CancellationToken closing)
    {
        Interlocked.Increment(ref _opens);
        Interlocked.Increment(ref _serving);
        try
        {
            byte[] payload = new byte[64 * 1024];
            while (await channel.Channel.WaitToReadAsync(closing))
            {
                while (TryTake(channel.Channel, payload, out int length, out ulong id))
                {
                    while (!channel.Channel.TrySend(payload.AsSpan(0, length), id, PacketFlags.None))
                    {
                        if (!await channel.Channel.WaitToWriteAsync(length, closing))
                            return;
                    }
                }
            }
        }
        finally
        {
            Interlocked.Decrement(ref _serving);
        }
    }

    private static bool TryTake(VmBusChannel channel, byte[] payload, out int length, out ulong id)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        length = 0;
        id = 0;
        if (!batch.TryNext(out RingPacket packet))
            return false;
        packet.Payload.CopyTo(payload);
        length = packet.Payload.Length;
        id = packet.TransactionId;
        batch.Commit();
        return true;
    }
}
