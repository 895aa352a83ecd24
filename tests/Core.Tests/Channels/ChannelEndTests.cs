using Xunit;

namespace VmBus.Core.Tests.Channels;

/// <summary>After its end a channel throws, or says that it has ended; nothing it does reaches the other side.</summary>
public class ChannelEndTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Uses => [.. Calls.Keys];

    private static Dictionary<string, Func<VmBusChannel, Task>> Calls { get; } = new()
    {
        ["TrySend"] = Now(c => c.TrySend([1])),
        ["TrySend a packet"] = Now(c => c.TrySend(OutgoingPacket.Completion([1], 7))),
        ["TrySend what never fits"] = Now(c => c.TrySend(new byte[1 << 20])),
        ["Send"] = Now(c => c.Send([1], cancellationToken: Token)),
        ["SendAsync"] = c => c.SendAsync(new byte[8], cancellationToken: Token).AsTask(),
        ["BeginBatch"] = Now(c => c.BeginBatch().Dispose()),
        ["ReadBatch"] = Now(c => c.ReadBatch().TryNext(out _)),
        ["WaitToRead"] = Now(c => c.WaitToRead(Timeout.InfiniteTimeSpan, Token)),
        ["WaitToReadAsync"] = c => c.WaitToReadAsync(Token).AsTask(),
        ["WaitToWrite"] = Now(c => c.WaitToWrite(8, Timeout.InfiniteTimeSpan, Token)),
        ["WaitToWriteAsync"] = c => c.WaitToWriteAsync(8, Token).AsTask(),
        ["FlushAsync"] = c => c.FlushAsync(Token).AsTask(),
        ["SignalMode"] = Now(c => c.SignalMode = SignalMode.LowLatency),
    };

    [Theory]
    [MemberData(nameof(Uses))]
    public async Task A_closed_channel_throws(string use)
    {
        foreach (bool multiProducer in (bool[])[false, true])
        {
            using var pair = new ChannelPair(multiProducer: multiProducer);
            Assert.True(pair.Left.TrySend([1, 2, 3]));
            Assert.True(pair.Right.TrySend([4]));
            (uint write, long signals) = (pair.ToRight.Control.WriteIndex, pair.RightGate.Signals);
            pair.Left.Dispose();

            for (int again = 0; again < 2; again++)
                await Assert.ThrowsAsync<ObjectDisposedException>(() => Calls[use](pair.Left)).WaitAsync(Patience.Limit, Token);
            Assert.Equal((write, signals), (pair.ToRight.Control.WriteIndex, pair.RightGate.Signals));
            Assert.Equal(ChannelState.Closed, pair.Left.State);
            Assert.Null(pair.Left.CorruptionError);
            Assert.True(pair.Left.Completion.IsCompletedSuccessfully);
        }
    }

    [Fact]
    public void A_closed_channel_still_tells_what_it_counted()
    {
        using var pair = new ChannelPair();
        Assert.True(pair.Left.TrySend([1, 2, 3]));
        Assert.True(pair.Right.TrySend([4]));
        ChannelTests.Drain(pair.Left);
        ChannelStatistics before = pair.Left.GetStatistics();
        pair.Left.Dispose();
        Assert.Equal(before, pair.Left.GetStatistics());
        Assert.Equal((1, 1), (before.Outgoing.Packets, before.Incoming.Packets));
    }

    [Fact]
    public void A_batch_that_is_open_when_its_channel_closes_cannot_be_committed()
    {
        foreach (bool multiProducer in (bool[])[false, true])
        {
            using var pair = new ChannelPair(multiProducer: multiProducer);
            long signals = pair.RightGate.Signals;
            ChannelWriteBatch batch = pair.Left.BeginBatch();
            Assert.True(batch.TryAdd([1]));
            pair.Left.Dispose();
            bool threw = false;
            try
            {
                batch.Commit();
            }
            catch (ObjectDisposedException)
            {
                threw = true;
            }

            batch.Dispose();
            Assert.True(threw);
            Assert.Equal(signals, pair.RightGate.Signals);
        }
    }

    [Fact]
    public async Task Without_its_other_side_a_channel_finds_no_room_and_no_more_to_read()
    {
        foreach (bool multiProducer in (bool[])[false, true])
        {
            using var pair = new ChannelPair(multiProducer: multiProducer);
            Assert.True(pair.Right.TrySend([4]));
            uint write = pair.ToRight.Control.WriteIndex;
            pair.Left.OnDisconnected(new PeerDisconnectedException("gone"));

            Assert.Equal((ChannelState.Disconnected, "gone"), (pair.Left.State, pair.Left.DisconnectReason));
            Assert.True(pair.Left.Completion.IsCompletedSuccessfully);
            Assert.False(pair.Left.TrySend([1]));
            Assert.False(pair.Left.TrySend(OutgoingPacket.Completion([1], 7)));
            using (ChannelWriteBatch batch = pair.Left.BeginBatch())
            {
                Assert.False(batch.TryAdd([1]));
                Assert.False(batch.TryReserve(8, out _));
                batch.Commit();
            }

            Assert.False(pair.Left.WaitToWrite(8, Timeout.InfiniteTimeSpan, Token));
            Assert.False(await pair.Left.WaitToWriteAsync(8, Token));
            Assert.Equal("gone", Assert.Throws<PeerDisconnectedException>(() => pair.Left.Send([1], cancellationToken: Token)).Message);
            await Assert.ThrowsAsync<PeerDisconnectedException>(() => pair.Left.SendAsync(new byte[8], cancellationToken: Token).AsTask());
            Assert.Equal((write, 0u), (pair.ToRight.Control.WriteIndex, pair.ToRight.Control.PendingSendSize));

            Assert.True(await pair.Left.WaitToReadAsync(Token));
            Assert.Equal(1, ChannelTests.Drain(pair.Left));
            Assert.False(pair.Left.WaitToRead(Timeout.InfiniteTimeSpan, Token));
            Assert.False(await pair.Left.WaitToReadAsync(Token));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Closing_a_channel_ends_the_waits_of_other_threads(bool async)
    {
        for (int round = 0; round < 200; round++)
        {
            using var pair = new ChannelPair();
            while (pair.Left.TrySend(new byte[1000]))
            {
            }

            Task<bool>[] waits = async
                ? [pair.Left.WaitToReadAsync(Token).AsTask(), pair.Left.WaitToWriteAsync(1000, Token).AsTask(), pair.Left.WaitToWriteAsync(1000, Token).AsTask()]
                : [Start(() => pair.Left.WaitToRead(Timeout.InfiniteTimeSpan, Token)),
                    Start(() => pair.Left.WaitToWrite(1000, Timeout.InfiniteTimeSpan, Token)), Start(() => pair.Left.WaitToWrite(1000, Timeout.InfiniteTimeSpan, Token))];
            if (round % 2 == 0)
                await Until(() => pair.LeftGate.Waits > 0);
            pair.Left.Dispose();
            foreach (Task<bool> wait in waits)
            {
                // A wait that had not begun by then throws instead.
                try
                {
                    Assert.False(await wait.WaitAsync(Patience.Limit, Token));
                }
                catch (ObjectDisposedException)
                {
                    Assert.False(async);
                }
            }
        }

        static Task<bool> Start(Func<bool> wait) => Task.Factory.StartNew(wait, Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    [Fact]
    public async Task A_wait_that_was_cancelled_before_it_began_says_so_although_packets_wait()
    {
        using var pair = new ChannelPair();
        Assert.True(pair.Right.TrySend([4]));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pair.Left.WaitToReadAsync(new CancellationToken(true)).AsTask());
        Assert.ThrowsAny<OperationCanceledException>(() => pair.Left.WaitToRead(Timeout.InfiniteTimeSpan, new CancellationToken(true)));
        Assert.Equal(1, ChannelTests.Drain(pair.Left));
    }

    [Fact]
    public async Task A_wait_that_was_cancelled_before_it_began_says_so_although_there_is_room()
    {
        using var pair = new ChannelPair();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pair.Left.WaitToWriteAsync(8, new CancellationToken(true)).AsTask());
        Assert.ThrowsAny<OperationCanceledException>(() => pair.Left.WaitToWrite(8, Timeout.InfiniteTimeSpan, new CancellationToken(true)));
        Assert.True(pair.Left.TrySend([4]));
    }

    // As a peer that writes faster than it is read: a loop over the stream must end.
    [Fact]
    public async Task A_stream_ends_with_its_token_although_packets_wait()
    {
        using var pair = new ChannelPair();
        for (int packet = 0; packet < 10; packet++)
            Assert.True(pair.Right.TrySend([4]));
        using CancellationTokenSource end = new();
        int read = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ReceivedPacket _ in pair.Left.ReadAllAsync(end.Token))
            {
                read++;
                await end.CancelAsync();
            }
        });
        Assert.Equal(1, read);
    }

    [Fact]
    public async Task A_fault_is_told_by_the_completion()
    {
        using var pair = new ChannelPair();
        Assert.False(pair.Left.Completion.IsCompleted);
        pair.ToLeft.Control.WriteIndex = 4;
        Assert.Throws<RingCorruptException>(() => pair.Left.WaitToRead(TimeSpan.Zero, Token));
        RingCorruptException fault = await Assert.ThrowsAsync<RingCorruptException>(() => pair.Left.Completion);
        Assert.Same(pair.Left.CorruptionError, fault);
    }

    private static Func<VmBusChannel, Task> Now(Action<VmBusChannel> call) => channel =>
    {
        call(channel);
        return Task.CompletedTask;
    };

    private static async Task Until(Func<bool> condition)
    {
        while (!condition())
            await Task.Yield();
    }
}
