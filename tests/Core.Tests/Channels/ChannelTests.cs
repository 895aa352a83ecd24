using Microsoft.Extensions.Time.Testing;
using VmBus.Core.Tests.Rings;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Channels;

/// <summary>Sending, waiting, and the ends a channel can come to.</summary>
public class ChannelTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void What_one_end_sends_the_other_reads(RingForm form, PeerTrust trust)
    {
        using var pair = new ChannelPair(form, trust);
        PacketSpec plain = PacketSpec.InBand(100, 5), completion = PacketSpec.InBand(9, 6) with { Type = PacketType.Completion };
        Assert.True(pair.Left.TrySend(plain.Payload, plain.TransactionId));
        Assert.True(pair.Left.TrySend(OutgoingPacket.Completion(completion.Payload, 6)));
        using (ChannelWriteBatch batch = pair.Left.BeginBatch())
        {
            Assert.True(batch.TryAdd(plain.Payload, 5));
            Assert.True(batch.TryReserve(9, out _));
            batch.Revert();
            Assert.True(batch.TryAdd(OutgoingPacket.Completion(completion.Payload, 6)));
            Assert.True(batch.TryReserve(100, out Span<byte> payload, 5));
            plain.Payload.CopyTo(payload);
            batch.Commit();
        }

        Assert.True(pair.Right.WaitToRead(TimeSpan.Zero, Token));
        using (ChannelReadBatch batch = pair.Right.ReadBatch())
        {
            foreach (PacketSpec expected in (PacketSpec[])[plain, completion, completion, plain])
            {
                Assert.True(batch.TryNext(out RingPacket packet));
                expected.AssertIs(packet);
            }

            Assert.False(batch.TryNext(out _));
            batch.Commit();
        }

        Assert.Equal(1, pair.RightGate.Signals);
        ChannelStatistics counted = pair.Left.GetStatistics();
        Assert.Equal((3, 1, 2), (counted.Outgoing.Published, counted.Outgoing.Required, counted.Outgoing.NotEmpty));
        Assert.Equal((1, 0), (counted.Signals.Hypercalls, counted.Signals.Monitored));
        Assert.Equal((2, 1, 0, 0), (counted.SkippedNotEmpty, counted.Hypercalls, counted.MonitoredSignals, counted.FailedSignals));
        Assert.Equal((4, counted.BytesSent), (pair.Right.GetStatistics().PacketsReceived, pair.Right.GetStatistics().BytesReceived));
        Assert.Equal(4, pair.Right.GetStatistics().Incoming.Packets);
    }

    [Fact]
    public void While_a_reader_reads_nobody_signals_it_and_before_it_sleeps_it_looks_again()
    {
        using var pair = new ChannelPair();
        Assert.True(pair.Left.TrySend([1]));
        Assert.True(pair.Right.WaitToRead(Second, Token));
        Assert.Equal(1u, pair.ToRight.Control.InterruptMask);
        Drain(pair.Right);
        Assert.True(pair.Left.TrySend([2]));
        Assert.Equal(1, pair.RightGate.Signals);
        Assert.True(pair.Right.WaitToRead(Second, Token));
        Drain(pair.Right);
        Assert.True(pair.RightGate.Wait(TimeSpan.Zero, Token));
        Assert.False(pair.Right.WaitToRead(TimeSpan.Zero, Token));
        Assert.Equal(0u, pair.ToRight.Control.InterruptMask);
        Assert.True(pair.Left.TrySend([3]));
        Assert.Equal(2, pair.RightGate.Signals);
    }

    [Fact]
    public void A_wait_to_read_lasts_as_long_as_it_was_told_however_often_it_is_woken()
    {
        var clock = new FakeTimeProvider();
        var wait = new ScriptedWait(clock);
        using var pair = new ChannelPair(clock: clock, leftWait: wait);
        wait.Then(Second * 0.25, signalled: true).Then(Second * 0.5, signalled: true).Then(Second * 0.25, signalled: false);
        Assert.False(pair.Left.WaitToRead(Second, Token));
        Assert.Equal([Second, Second * 0.75, Second * 0.25], wait.Timeouts);
        Assert.Equal(2, pair.Left.GetStatistics().Wakeups);

        wait.Timeouts.Clear();
        wait.Then(Second * 2, signalled: true).Then(TimeSpan.Zero, signalled: false);
        Assert.False(pair.Left.WaitToRead(Second, Token));
        Assert.Equal([Second, TimeSpan.Zero], wait.Timeouts);

        // A packet that comes with the last moment counts, and is read with the signals masked.
        wait.Then(Second, signalled: false, () => pair.Right.TrySend([1]));
        Assert.True(pair.Left.WaitToRead(Second, Token));
        Assert.Equal(1u, pair.ToLeft.Control.InterruptMask);
        Drain(pair.Left);

        wait.Timeouts.Clear();
        wait.Then(Second * 1e6, signalled: true).Then(Second, signalled: true, () => pair.Right.TrySend([1]));
        Assert.True(pair.Left.WaitToRead(Timeout.InfiniteTimeSpan, Token));
        Assert.Equal([Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan], wait.Timeouts);
    }

    [Fact]
    public void A_wait_to_write_lasts_as_long_as_it_was_told_and_takes_its_request_back()
    {
        var clock = new FakeTimeProvider();
        var wait = new ScriptedWait(clock);
        using var pair = new ChannelPair(clock: clock, leftWait: wait);
        Fill(pair.Left);
        wait.Then(Second * 0.25, signalled: true, () => Assert.Equal(2024u, pair.ToRight.Control.PendingSendSize))
            .Then(Second * 0.75, signalled: false);
        Assert.False(pair.Left.WaitToWrite(2000, Second, Token));
        Assert.Equal([Second, Second * 0.75], wait.Timeouts);
        Assert.Equal(0u, pair.ToRight.Control.PendingSendSize);

        wait.Then(Second, signalled: false, () => Drain(pair.Right));
        Assert.True(pair.Left.WaitToWrite(2000, Second, Token));
        Assert.Equal(0u, pair.ToRight.Control.PendingSendSize);

        Fill(pair.Left);
        wait.Timeouts.Clear();
        wait.Then(Second, signalled: true).Then(Second, signalled: true, () => Drain(pair.Right));
        Assert.True(pair.Left.WaitToWrite(2000, Timeout.InfiniteTimeSpan, Token));
        Assert.Equal([Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan], wait.Timeouts);
        Assert.Equal(0u, pair.ToRight.Control.PendingSendSize);
        Assert.Equal(2, pair.LeftGate.Signals);     // both drains found the request standing
    }

    [Fact]
    public void Waiting_for_the_impossible_is_refused()
    {
        using var pair = new ChannelPair();
        Assert.Throws<ArgumentException>(() => pair.Left.WaitToWrite(4065, Second, Token));
        Assert.Throws<ArgumentOutOfRangeException>(() => pair.Left.WaitToWrite(-1, Second, Token));
        Assert.Equal(0u, pair.ToRight.Control.PendingSendSize);
    }

    [Fact]
    public async Task A_wait_ends_with_its_cancellation_and_the_channel_goes_on()
    {
        using var pair = new ChannelPair();
        Fill(pair.Left);
        foreach (bool async in (bool[])[false, true])
        {
            using var cancel = new CancellationTokenSource();
            Task reading = async ? pair.Left.WaitToReadAsync(cancel.Token).AsTask() : OnThread(() => pair.Left.WaitToRead(Patience.Limit, cancel.Token));
            Task writing = async ? pair.Left.WaitToWriteAsync(8, cancel.Token).AsTask() : OnThread(() => pair.Left.WaitToWrite(8, Patience.Limit, cancel.Token));
            await Until(() => pair.ToRight.Control.PendingSendSize != 0);
            Assert.False(reading.IsCompleted || writing.IsCompleted);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(Patience.Limit, Token));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing.WaitAsync(Patience.Limit, Token));
            Assert.Equal(0u, pair.ToRight.Control.PendingSendSize);
            Assert.Equal(ChannelState.Open, pair.Left.State);
        }

        Assert.True(pair.Right.TrySend([1]));
        Assert.True(pair.Left.WaitToRead(Second, Token));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_reader_and_a_writer_wait_on_one_signal_and_each_gets_its_own(bool async, bool writerFirst)
    {
        using var pair = new ChannelPair();
        for (int round = 0; round < 20; round++)
        {
            Fill(pair.Left);
            Task reading = writerFirst ? Task.CompletedTask : Read();
            Task writing = Write();
            if (writerFirst)
            {
                await Until(() => pair.ToRight.Control.PendingSendSize != 0);
                reading = Read();
            }

            if (round % 2 == 0)
            {
                Assert.True(pair.Right.TrySend([1]));
                await reading.WaitAsync(Patience.Limit, Token);
                Assert.False(writing.IsCompleted);
                Drain(pair.Right);
            }
            else
            {
                await Until(() => pair.ToRight.Control.PendingSendSize != 0);
                Drain(pair.Right);
                await writing.WaitAsync(Patience.Limit, Token);
                Assert.False(reading.IsCompleted);
                Assert.True(pair.Right.TrySend([1]));
            }

            await Task.WhenAll(reading, writing).WaitAsync(Patience.Limit, Token);
            Assert.Equal(0u, pair.ToRight.Control.PendingSendSize);
            Drain(pair.Left);
        }

        Task Read() => async ? pair.Left.WaitToReadAsync(Token).AsTask() : OnThread(() => Assert.True(pair.Left.WaitToRead(Patience.Limit, Token)));
        Task Write() => async ? pair.Left.WaitToWriteAsync(2000, Token).AsTask() : OnThread(() => Assert.True(pair.Left.WaitToWrite(2000, Patience.Limit, Token)));
    }

    [Fact]
    public async Task A_writer_that_has_looked_and_does_not_wait_yet_misses_no_signal_the_reader_takes()
    {
        ChannelPair? pair = null;
        var clock = new HookedClock(2, () =>
        {
            // Between the writer's look and its wait: room comes, and the reader takes the signal for it.
            Drain(pair!.Right);
            Assert.True(SpinWait.SpinUntil(() => pair.LeftGate.Waits == 2, Patience.Limit));
        });
        using (pair = new ChannelPair(clock: clock))
        {
            Fill(pair.Left);
            Task reading = pair.Left.WaitToReadAsync(Token).AsTask();
            Assert.Equal(1, pair.LeftGate.Waits);
            Assert.True(await Task.Run(() => pair.Left.WaitToWrite(8, Patience.Limit * 10, Token), Token).WaitAsync(Patience.Limit, Token));
            Assert.False(reading.IsCompleted);
            Assert.True(pair.Right.TrySend([1]));
            await reading.WaitAsync(Patience.Limit, Token);
        }
    }

    [Fact]
    public async Task A_reader_that_has_looked_and_does_not_wait_yet_misses_no_signal_a_writer_takes()
    {
        ChannelPair? pair = null;
        var clock = new HookedClock(2, () =>
        {
            Assert.True(pair!.Right.TrySend([1]));
            Assert.True(SpinWait.SpinUntil(() => pair.LeftGate.Waits == 2, Patience.Limit));
        });
        using (pair = new ChannelPair(clock: clock))
        {
            Fill(pair.Left);
            Task writing = pair.Left.WaitToWriteAsync(8, Token).AsTask();
            Assert.Equal(1, pair.LeftGate.Waits);
            Assert.True(await Task.Run(() => pair.Left.WaitToRead(Patience.Limit * 10, Token), Token).WaitAsync(Patience.Limit, Token));
            Assert.False(writing.IsCompleted);
            Drain(pair.Right);
            await writing.WaitAsync(Patience.Limit, Token);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_peer_that_goes_leaves_its_packets_to_be_read_first(bool async)
    {
        using var pair = new ChannelPair();
        Assert.True(pair.Right.TrySend([1, 2, 3]));
        Assert.True(pair.Right.TrySend([4]));
        Fill(pair.Left);
        Task<bool> writing = async ? pair.Left.WaitToWriteAsync(8, Token).AsTask() : Task.Run(() => pair.Left.WaitToWrite(8, Patience.Limit, Token), Token);
        await Until(() => pair.ToRight.Control.PendingSendSize != 0);
        pair.LeftGate.Disconnect("the process ended");
        Assert.False(await writing.WaitAsync(Patience.Limit, Token));
        Assert.Equal(0u, pair.ToRight.Control.PendingSendSize);
        Assert.Equal(ChannelState.Disconnected, pair.Left.State);

        for (int packet = 0; packet < 2; packet++)
        {
            Assert.True(await Read());
            Assert.True(pair.Left.Incoming.TryRead(new byte[8], out _, out _, out _));
        }

        for (int again = 0; again < 2; again++)
        {
            Assert.False(await Read());
            Assert.Equal("the process ended", pair.Left.DisconnectReason);
            Assert.Equal(ChannelState.Disconnected, pair.Left.State);
        }

        Assert.True(pair.Left.Completion.IsCompletedSuccessfully);

        Assert.Equal(ChannelState.Open, pair.Right.State);

        async Task<bool> Read() => async ? await pair.Left.WaitToReadAsync(Token).AsTask().WaitAsync(Patience.Limit, Token) : pair.Left.WaitToRead(Patience.Limit, Token);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_packet_committed_just_before_the_end_ends_the_wait_and_not_the_error(bool async)
    {
        var clock = new FakeTimeProvider();
        var wait = new ScriptedWait(clock);
        using var pair = new ChannelPair(clock: clock, leftWait: wait);
        wait.Then(Second, signalled: true, () =>
        {
            pair.Right.TrySend([1]);
            throw new PeerDisconnectedException("gone");
        });
        if (async)
            await pair.Left.WaitToReadAsync(Token);
        else
            Assert.True(pair.Left.WaitToRead(Patience.Limit, Token));
        Assert.True(pair.Left.Incoming.HasPackets);
        Assert.Equal(ChannelState.Disconnected, pair.Left.State);
    }

    [Fact]
    public async Task A_disposed_channel_is_closed_and_waits_no_more()
    {
        var pair = new ChannelPair();
        Assert.Equal(ChannelState.Open, pair.Left.State);
        pair.Left.Dispose();
        pair.Left.Dispose();
        Assert.Equal(ChannelState.Closed, pair.Left.State);
        Assert.Throws<ObjectDisposedException>(() => pair.Left.WaitToRead(Second, Token));
        Assert.Throws<ObjectDisposedException>(() => pair.Left.WaitToWrite(8, Second, Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pair.Left.WaitToReadAsync(Token).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pair.Left.WaitToWriteAsync(8, Token).AsTask());
        Assert.Equal(ChannelState.Open, pair.Right.State);
        pair.Dispose();
    }

    [Fact]
    public void A_channel_needs_all_its_parts()
    {
        using var pair = new ChannelPair();
        OutgoingRing outgoing = pair.Left.Outgoing;
        IncomingRing incoming = pair.Left.Incoming;
        ChannelSignaler signaler = pair.Left.Signaler;
        Assert.Throws<ArgumentNullException>(() => new VmBusChannel(null!, incoming, signaler, pair.LeftGate));
        Assert.Throws<ArgumentNullException>(() => new VmBusChannel(outgoing, null!, signaler, pair.LeftGate));
        Assert.Throws<ArgumentNullException>(() => new VmBusChannel(outgoing, incoming, null!, pair.LeftGate));
        Assert.Throws<ArgumentNullException>(() => new VmBusChannel(outgoing, incoming, signaler, null!));
    }

    [Fact]
    public void Any_number_of_writers_may_wait_for_room_at_once()
    {
        using var pair = new ChannelPair(multiProducer: true);
        const int Writers = 5, Each = 4000;
        long sent = 0, read = 0;
        Action reader = () =>
        {
            while (read < Writers * Each)
            {
                Assert.True(pair.Right.WaitToRead(Patience.Limit, Token));
                read += Drain(pair.Right);
            }
        };
        Workers.Run(() => Volatile.Read(ref sent) + Volatile.Read(ref read), () => $"{sent} sent, {read} read, pending {pair.ToRight.Control.PendingSendSize}",
            [reader, .. Enumerable.Range(0, Writers).Select(w => (Action)(() => Write(w)))]);
        Assert.Equal(Writers * Each, read);
        Assert.Equal(0u, pair.ToRight.Control.PendingSendSize);

        void Write(int writer)
        {
            // From small packets to such as need most of the ring.
            byte[] payload = new byte[8 + writer * 900];
            for (int i = 0; i < Each; i++)
            {
                while (!pair.Left.TrySend(payload))
                    Assert.True(pair.Left.WaitToWrite(payload.Length, Patience.Limit, Token));
                Interlocked.Increment(ref sent);
            }
        }
    }

    internal static int Drain(VmBusChannel channel)
    {
        int packets = 0;
        using ChannelReadBatch batch = channel.ReadBatch();
        while (batch.TryNext(out _))
            packets++;
        batch.Commit();
        return packets;
    }

    private static void Fill(VmBusChannel channel)
    {
        while (channel.TrySend(new byte[232]))
        {
        }

        while (channel.TrySend([]))
        {
        }
    }

    private static Task OnThread(Action action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static async Task Until(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
