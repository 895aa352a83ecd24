using Xunit;

namespace VmBus.Core.Tests.Channels;

/// <summary>Waiting until the other side has read all that was sent.</summary>
public class FlushTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_nothing_unread_there_is_nothing_to_wait_for()
    {
        using var pair = new ChannelPair();
        Assert.True(await pair.Left.FlushAsync(Token));
        Assert.True(pair.Left.TrySend(new byte[100]));
        Take(pair.Right, 1);
        ValueTask<bool> flush = pair.Left.FlushAsync(Token);
        Assert.True(flush.IsCompleted && await flush);
        Assert.Equal((0u, 0L), (pair.ToRight.Control.PendingSendSize, pair.LeftGate.Signals));
    }

    // Also in a ring that holds more than the longest packet.
    [Theory]
    [InlineData(4096)]
    [InlineData(1 << 20)]
    public async Task The_last_packet_that_is_read_ends_the_wait_and_is_the_only_one_that_signals(int dataSize)
    {
        using var pair = new ChannelPair(dataSize: dataSize);
        for (int i = 0; i < 3; i++)
            Assert.True(pair.Left.TrySend([1, 2, 3, 4, 5, 6, 7, 8]));
        ValueTask<bool> flush = pair.Left.FlushAsync(Token);
        Take(pair.Right, 1);
        Take(pair.Right, 1);
        Assert.Equal((false, 0L), (flush.IsCompleted, pair.LeftGate.Signals));
        Take(pair.Right, 1);
        Assert.Equal(1, pair.LeftGate.Signals);
        Assert.True(await flush.AsTask().WaitAsync(Patience.Limit, Token));
        Assert.Equal(0u, pair.ToRight.Control.PendingSendSize);
    }

    [Fact]
    public async Task What_is_sent_meanwhile_is_waited_for_too()
    {
        using var pair = new ChannelPair();
        Assert.True(pair.Left.TrySend([1]));
        Task<bool> flush = pair.Left.FlushAsync(Token).AsTask();
        Assert.True(pair.Left.TrySend([2]));
        Take(pair.Right, 1);
        Assert.Equal((false, 0L), (flush.IsCompleted, pair.LeftGate.Signals));
        Take(pair.Right, 1);
        Assert.True(await flush.WaitAsync(Patience.Limit, Token));
    }

    [Fact]
    public async Task A_flush_and_a_send_that_wait_at_once_both_end()
    {
        using var pair = new ChannelPair();
        while (pair.Left.TrySend(new byte[1000]))
        {
        }

        Task<bool> flush = pair.Left.FlushAsync(Token).AsTask();
        Task<bool> room = pair.Left.WaitToWriteAsync(1000, Token).AsTask();
        ChannelTests.Drain(pair.Right);
        Assert.True(await flush.WaitAsync(Patience.Limit, Token));
        Assert.True(await room.WaitAsync(Patience.Limit, Token));
        Assert.Equal(0u, pair.ToRight.Control.PendingSendSize);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_end_of_either_side_ends_the_wait_and_says_that_packets_are_unread(bool closed)
    {
        using var pair = new ChannelPair();
        Assert.True(pair.Left.TrySend([1]));
        Task<bool> flush = pair.Left.FlushAsync(Token).AsTask();
        if (closed)
            pair.Left.Dispose();
        else
            pair.LeftGate.Disconnect("gone");
        Assert.False(await flush.WaitAsync(Patience.Limit, Token));
    }

    [Fact]
    public async Task A_cancelled_wait_asks_for_no_room_any_more()
    {
        using var pair = new ChannelPair();
        Assert.True(pair.Left.TrySend([1]));
        using var cancel = new CancellationTokenSource();
        Task<bool> flush = pair.Left.FlushAsync(cancel.Token).AsTask();
        Assert.NotEqual(0u, pair.ToRight.Control.PendingSendSize);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush).WaitAsync(Patience.Limit, Token);
        Assert.Equal(0u, pair.ToRight.Control.PendingSendSize);
        Take(pair.Right, 1);
        Assert.Equal(0, pair.LeftGate.Signals);
    }

    [Fact]
    public async Task A_batch_that_is_open_is_not_waited_for()
    {
        using var pair = new ChannelPair();
        using ChannelWriteBatch batch = pair.Left.BeginBatch();
        Assert.True(batch.TryAdd([1]));
        Task<bool> flush = pair.Left.FlushAsync(Token).AsTask();
        Assert.True(flush.IsCompletedSuccessfully);
        batch.Commit();
    }

    // The one that sends keeps to itself where it writes and how far it may: a flush on another thread must not touch that.
    [Fact]
    public void A_flush_beside_the_only_sender_spoils_nothing()
    {
        const int Packets = 200_000;
        using var pair = new ChannelPair(dataSize: 4096);
        using var done = new CancellationTokenSource();
        Background flusher = Background.Run(() =>
        {
            while (!done.IsCancellationRequested)
                Assert.True(pair.Left.FlushAsync(Token).AsTask().GetAwaiter().GetResult());
        });
        Background sender = Background.Run(() =>
        {
            Span<byte> payload = stackalloc byte[256];
            for (int i = 0; i < Packets; i++)
            {
                Span<byte> packet = payload[..(8 + i % 31 * 8)];
                packet.Fill((byte)i);
                BitConverter.TryWriteBytes(packet, i);
                pair.Left.Send(packet, cancellationToken: Token);
            }
        });
        for (int next = 0; next < Packets;)
        {
            Assert.True(pair.Right.WaitToRead(Patience.Limit, Token));
            using ChannelReadBatch batch = pair.Right.ReadBatch();
            foreach (RingPacket packet in batch)
            {
                Assert.Equal((8 + next % 31 * 8, next), (packet.Payload.Length, BitConverter.ToInt32(packet.Payload)));
                Assert.Equal(-1, packet.Payload[8..].IndexOfAnyExcept((byte)next));
                next++;
            }

            batch.Commit();
        }

        sender.Join();
        done.Cancel();
        flusher.Join();
    }

    [Fact]
    public async Task An_impossible_index_is_thrown()
    {
        using var pair = new ChannelPair();
        Assert.True(pair.Left.TrySend([1]));
        pair.ToRight.Control.ReadIndex = 4096;
        RingCorruptException corrupt = await Assert.ThrowsAsync<RingCorruptException>(() => pair.Left.FlushAsync(Token).AsTask());
        Assert.Equal(RingFault.ReadIndexOutOfRange, corrupt.Fault);
    }

    private static void Take(VmBusChannel channel, int packets)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        for (int i = 0; i < packets; i++)
            Assert.True(batch.TryNext(out _));
        batch.Commit();
    }
}
