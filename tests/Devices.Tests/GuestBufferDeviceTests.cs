using System.Buffers.Binary;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;

namespace VmBus.Devices.Tests;

/// <summary>A device that keeps the guest's pages beyond the packet that names them.</summary>
public sealed class GuestBufferDeviceTests
{
    private static readonly HostOffer Offer = new(new Guid("5c1d7e4e-1d0f-4c2c-9d52-2f4f3b0f6a01"), new Guid("5c1d7e4e-1d0f-4c2c-9d52-2f4f3b0f6a02"));

    [Fact]
    public async Task Pages_of_a_request_are_read_and_written_after_its_packet_is_gone()
    {
        await using var machine = new InMemoryMachine();
        await machine.Host.OfferAsync(Offer, new Doubler());
        await using VmBusChannel channel = await machine.OpenAsync(Offer, cancellationToken: TestContext.Current.CancellationToken);
        GuestMemory memory = machine.GuestPartition.Memory;
        ulong pages = memory.AllocatePages(3);
        byte[] bytes = [.. Enumerable.Range(0, 6000).Select(i => (byte)(i % 100))];
        Assert.True(memory.TryWrite(pages + 1000, bytes.AsSpan(0, 3096)) && memory.TryWrite(pages + 8192, bytes.AsSpan(3096)));

        Assert.True(channel.TrySend(Request([pages / 4096, pages / 4096 + 2], 1000, 6000, 77, out byte[] _)));
        Assert.True(await channel.WaitToReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience.Limit));
        using (ChannelReadBatch batch = channel.ReadBatch())
        {
            Assert.True(batch.TryNext(out RingPacket packet));
            Assert.Equal((PacketType.Completion, 77UL), (packet.Type, packet.TransactionId));
            Assert.Equal(6000, BinaryPrimitives.ReadInt64LittleEndian(packet.Payload));
            batch.Commit();
        }
        var got = new byte[6000];
        Assert.True(memory.TryRead(pages + 1000, got.AsSpan(0, 3096)) && memory.TryRead(pages + 8192, got.AsSpan(3096)));
        Assert.Equal(bytes.Select(b => (byte)(2 * b)), got);
    }

    private static OutgoingPacket Request(ReadOnlySpan<ulong> pages, uint offset, uint length, ulong id, out byte[] header)
    {
        header = new byte[64];
        var writer = new GpaDirectHeaderWriter(header);
        writer.AddRange(length, offset, pages);
        return OutgoingPacket.GpaDirect(writer, [], id);
    }

    private sealed class Doubler : IChannelDevice
    {
        public async Task ServeAsync(DeviceContext context, CancellationToken closing)
        {
            var buffer = new GuestBuffer(context.Memory);
            while (await context.Channel.WaitToReadAsync(closing))
            {
                while (Take(context.Channel, buffer, out ulong id))
                {
                    await Task.Yield();
                    var bytes = new byte[buffer.Length];
                    Assert.True(buffer.TryRead(0, bytes));
                    for (int i = 0; i < bytes.Length; i++)
                        bytes[i] *= 2;
                    Assert.True(buffer.TryWrite(0, bytes));
                    var answer = new byte[8];
                    BinaryPrimitives.WriteInt64LittleEndian(answer, buffer.Length);
                    context.Channel.TrySend(OutgoingPacket.Completion(answer, id));
                }
            }
        }

        private static bool Take(VmBusChannel channel, GuestBuffer buffer, out ulong id)
        {
            using ChannelReadBatch batch = channel.ReadBatch();
            id = 0;
            if (!batch.TryNext(out RingPacket packet))
                return false;
            id = packet.TransactionId;
            Assert.True(buffer.Assign(packet.GpaRanges));
            batch.Commit();
            return true;
        }
    }
}
