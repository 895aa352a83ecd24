using System.Buffers.Binary;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Channels;

/// <summary>Questions with their answers, and the stream of all other packets.</summary>
public sealed class RequestTests : IDisposable
{
    private readonly ChannelPair _pair = new(dataSize: 64 * 1024);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private VmBusChannel Asker => _pair.Left;

    private VmBusChannel Answerer => _pair.Right;

    public void Dispose() => _pair.Dispose();

    [Fact]
    public async Task A_request_completes_with_its_completion()
    {
        ValueTask<ReceivedPacket> asked = Asker.RequestAsync(Number(5), cancellationToken: Token);
        (ulong id, ulong question) = await TakeAsync();
        Assert.Equal(5ul, question);
        Answer(id, 50);
        using ReceivedPacket answer = await asked.AsTask().WaitAsync(Patience.Limit, Token);
        Assert.Equal((PacketType.Completion, id, 50ul), (answer.Type, answer.TransactionId, Read(answer.Payload.Span)));
        Assert.Equal(0, Asker.RequestsInFlight);
    }

    [Fact]
    public async Task Many_in_flight_each_get_their_own_answer_in_any_order()
    {
        const int Count = 300;
        Task<ReceivedPacket>[] asked = [.. Enumerable.Range(0, Count).Select(i => Asker.RequestAsync(Number((ulong)i), cancellationToken: Token).AsTask())];
        var taken = new List<(ulong Id, ulong Question)>();
        while (taken.Count < Count)
            taken.Add(await TakeAsync());
        taken.Reverse();
        foreach ((ulong id, ulong question) in taken)
            Answer(id, question * 10);
        for (int i = 0; i < Count; i++)
        {
            using ReceivedPacket answer = await asked[i].WaitAsync(Patience.Limit, Token);
            Assert.Equal((ulong)i * 10, Read(answer.Payload.Span));
        }
    }

    [Fact]
    public async Task More_requests_than_fit_wait_for_those_before_them()
    {
        const int Count = 3 * PacketDispatcher.MaxRequests;
        Task answering = Task.Run(
            async () =>
            {
                for (int i = 0; i < Count; i++)
                {
                    (ulong id, ulong question) = await TakeAsync();
                    await SendAnswerAsync(id, question + 1);
                }
            },
            Token);
        Task<ReceivedPacket>[] asked = [.. Enumerable.Range(0, Count).Select(i => Asker.RequestAsync(Number((ulong)i), cancellationToken: Token).AsTask())];
        for (int i = 0; i < Count; i++)
        {
            using ReceivedPacket answer = await asked[i].WaitAsync(Patience.Limit, Token);
            Assert.Equal((ulong)i + 1, Read(answer.Payload.Span));
        }

        await answering;
        Assert.Equal(0, Asker.RequestsInFlight);
    }

    [Fact]
    public async Task A_cancelled_request_leaves_no_id_and_its_late_answer_finds_nothing()
    {
        for (int round = 0; round < 3 * PacketDispatcher.MaxRequests; round++)
        {
            using var cancel = new CancellationTokenSource();
            Task<ReceivedPacket> asked = Asker.RequestAsync(Number(1), cancellationToken: cancel.Token).AsTask();
            (ulong id, _) = await TakeAsync();
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked.WaitAsync(Patience.Limit, Token));
            Assert.Equal(0, Asker.RequestsInFlight);
            Answer(id, 1);

            if (round % 500 == 0)
                await A_request_completes_with_its_completion();
            else
                await Drain();
        }

        async Task Drain()
        {
            // The late answer: by batch, since nobody waits any more.
            await Until(() => TryReadBatch(Asker));
        }
    }

    [Theory]
    [InlineData("gone", typeof(PeerDisconnectedException))]
    [InlineData("closed", typeof(ObjectDisposedException))]
    [InlineData("corrupt", typeof(RingCorruptException))]
    public async Task The_end_of_the_channel_ends_every_request_and_the_stream(string how, Type expected)
    {
        Task<ReceivedPacket>[] asked = [.. Enumerable.Range(0, 10).Select(i => Asker.RequestAsync(Number((ulong)i), cancellationToken: Token).AsTask())];
        Task<int> stream = CountAsync(Asker);
        Assert.True(Answerer.TrySend(Number(1)));
        switch (how)
        {
            case "gone":
                Asker.OnDisconnected(new PeerDisconnectedException("gone"));
                break;
            case "closed":
                Asker.Dispose();
                break;
            default:
                await Until(() => Asker.GetStatistics().Incoming.Packets == 1);
                _pair.ToLeft.Control.WriteIndex = 4;
                _pair.LeftGate.Signal();
                break;
        }

        foreach (Task<ReceivedPacket> one in asked)
            Assert.Equal(expected, (await Assert.ThrowsAnyAsync<Exception>(() => one.WaitAsync(Patience.Limit, Token))).GetType());
        Assert.Equal(0, Asker.RequestsInFlight);
        if (how == "corrupt")
            await Assert.ThrowsAsync<RingCorruptException>(() => stream.WaitAsync(Patience.Limit, Token));
        else
            Assert.InRange(await stream.WaitAsync(Patience.Limit, Token), 0, 1);
        if (how != "closed")
            Assert.Equal(expected, (await Assert.ThrowsAnyAsync<Exception>(() => Asker.RequestAsync(Number(1), cancellationToken: Token).AsTask())).GetType());
    }

    [Fact]
    public async Task The_stream_has_every_packet_but_the_answers_and_ends_with_the_channel()
    {
        const int Count = 5000;
        Task<List<ulong>> reading = Task.Run(
            async () =>
            {
                var numbers = new List<ulong>();
                await foreach (ReceivedPacket packet in Asker.ReadAllAsync(Token))
                    numbers.Add(Read(packet.Payload.Span));
                return numbers;
            },
            Token);
        for (int i = 0; i < Count; i++)
        {
            await Answerer.SendAsync(Number((ulong)i), cancellationToken: Token);
            if (i % 100 == 0)
            {
                ValueTask<ReceivedPacket> asked = Asker.RequestAsync(Number(7), cancellationToken: Token);
                await SendAnswerAsync((await TakeAsync()).Id, 70);
                (await asked).Dispose();
            }
        }

        await Until(() => Asker.GetStatistics().Incoming.Packets == Count + Count / 100);
        Asker.OnDisconnected(new PeerDisconnectedException("gone"));
        Assert.Equal(Enumerable.Range(0, Count).Select(i => (ulong)i), await reading.WaitAsync(Patience.Limit, Token));
    }

    [Fact]
    public async Task Batches_cannot_be_read_while_a_request_waits_and_can_again_after_it()
    {
        ValueTask<ReceivedPacket> asked = Asker.RequestAsync(Number(1), cancellationToken: Token);
        Assert.Throws<InvalidOperationException>(() => TryReadBatch(Asker));
        Assert.Throws<InvalidOperationException>(() => Asker.WaitToRead(TimeSpan.Zero, Token));
        Answer((await TakeAsync()).Id, 2);
        (await asked).Dispose();
        Assert.False(TryReadBatch(Asker));
        Assert.True(Answerer.TrySend(Number(1)));
        Assert.True(TryReadBatch(Asker));
    }

    [Fact]
    public async Task What_nobody_reads_stops_the_other_side_instead_of_growing()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task<ReceivedPacket> asked = Asker.RequestAsync(Number(1), cancellationToken: cancel.Token).AsTask();
        long sent = 0;
        await Until(() =>
        {
            long before = sent;
            while (Answerer.TrySend(new byte[1000]))
                sent++;
            return sent == before && Asker.GetStatistics().Incoming.Packets >= 1024;
        });
        Assert.Equal(1024, Asker.GetStatistics().Incoming.Packets);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked.WaitAsync(Patience.Limit, Token));

        int read = 0;
        await foreach (ReceivedPacket packet in Asker.ReadAllAsync(Token))
        {
            Assert.Equal(1000, packet.Payload.Length);
            if (++read == sent)
                break;
        }
    }

    [Fact]
    public async Task A_request_that_is_cancelled_before_it_is_sent_leaves_no_id()
    {
        while (Asker.TrySend(new byte[1000]))
        {
        }

        for (int round = 0; round < 3; round++)
        {
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
            Task<ReceivedPacket>[] asked = [.. Enumerable.Range(0, 2).Select(_ => Asker.RequestAsync(new byte[1000], cancellationToken: cancel.Token).AsTask())];
            await cancel.CancelAsync();
            foreach (Task<ReceivedPacket> one in asked)
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one.WaitAsync(Patience.Limit, Token));
            Assert.Equal(0, Asker.RequestsInFlight);
        }

        // Nobody waits any more: the channel is read by batch again.
        Assert.False(TryReadBatch(Asker));
    }

    [Fact]
    public async Task A_writer_that_waits_for_room_is_told_when_the_stream_has_taken_packets()
    {
        int sent = 0;
        while (Answerer.TrySend(new byte[1000]))
            sent++;
        Task<bool> waiting = Answerer.WaitToWriteAsync(1000, Token).AsTask();
        await Until(() => _pair.RightGate.Waits == 1);
        await foreach (ReceivedPacket packet in Asker.ReadAllAsync(Token))
        {
            if (--sent == 0)
                break;
        }

        Assert.True(await waiting.WaitAsync(Patience.Limit, Token));
    }

    [Theory]
    [InlineData(1023)]
    [InlineData(1024)]
    public async Task Who_gives_up_leaves_the_channel_to_batches_also_when_as_many_packets_are_kept_as_may_be(int kept)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task<ReceivedPacket> asked = Asker.RequestAsync(Number(1), cancellationToken: cancel.Token).AsTask();
        for (int i = 0; i < kept; i++)
            await Answerer.SendAsync(Number(2), cancellationToken: Token).AsTask().WaitAsync(Patience.Limit, Token);
        await Until(() => Asker.GetStatistics().Incoming.Packets == kept).WaitAsync(Patience.Limit, Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked.WaitAsync(Patience.Limit, Token));
        Assert.False(TryReadBatch(Asker));
    }

    [Fact]
    public async Task What_nobody_reads_is_limited_by_its_bytes_as_well()
    {
        const int Length = 16 * 1024, Most = 4 << 20;
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task<ReceivedPacket> asked = Asker.RequestAsync(Number(1), cancellationToken: cancel.Token).AsTask();
        int sent = 0;
        await Until(() =>
        {
            int before = sent;
            while (Answerer.TrySend(new byte[Length]))
                sent++;
            return sent == before && Asker.GetStatistics().Incoming.Packets >= Most / (Length + PacketDescriptor.Size);
        });
        long kept = Asker.GetStatistics().Incoming.Packets;
        Assert.Equal((Most + Length - 1) / (Length + PacketDescriptor.Size), kept);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked.WaitAsync(Patience.Limit, Token));

        // What was read counts no more: as many come again while requests wait.
        Task reading = ReadAsync(sent);
        await reading.WaitAsync(Patience.Limit, Token);
        asked = Asker.RequestAsync(Number(2), cancellationToken: Token).AsTask();
        for (int i = 0; i < kept; i++)
            await Answerer.SendAsync(new byte[Length], cancellationToken: Token).AsTask().WaitAsync(Patience.Limit, Token);
        await Until(() => Asker.GetStatistics().Incoming.Packets == sent + kept).WaitAsync(Patience.Limit, Token);

        async Task ReadAsync(int count)
        {
            await foreach (ReceivedPacket packet in Asker.ReadAllAsync(Token))
            {
                Assert.Equal(Length, packet.Payload.Length);
                if (--count == 0)
                    break;
            }
        }
    }

    [Fact]
    public async Task A_second_stream_is_refused_and_a_cancelled_one_makes_room_for_the_next()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        IAsyncEnumerator<ReceivedPacket> first = Asker.ReadAllAsync(cancel.Token).GetAsyncEnumerator(Token);
        Task<bool> waiting = first.MoveNextAsync().AsTask();
        await Assert.ThrowsAsync<InvalidOperationException>(() => CountAsync(Asker));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience.Limit, Token));
        await first.DisposeAsync();

        Assert.True(Answerer.TrySend(Number(3)));
        await foreach (ReceivedPacket packet in Asker.ReadAllAsync(Token))
        {
            Assert.Equal(3ul, Read(packet.Payload.Span));
            break;
        }
    }

    [Fact]
    public void A_batch_goes_through_its_packets_by_foreach()
    {
        for (ulong i = 0; i < 10; i++)
            Assert.True(Answerer.TrySend(Number(i)));
        ulong expected = 0;
        using ChannelReadBatch batch = Asker.ReadBatch();
        foreach (RingPacket packet in batch)
            Assert.Equal(expected++, Read(packet.Payload));
        batch.Commit();
        Assert.Equal((10ul, 10), (expected, Asker.GetStatistics().Incoming.Packets));
    }

    [Fact]
    public async Task A_packet_with_ranges_keeps_them_in_its_copy()
    {
        SendRange();
        await foreach (ReceivedPacket packet in Asker.ReadAllAsync(Token))
        {
            Assert.Equal((PacketType.DataUsingGpaDirect, 11ul, 4ul, 1), (packet.Type, packet.TransactionId, Read(packet.Payload.Span), packet.Packet.RangeCount));
            break;
        }

        void SendRange()
        {
            var header = new GpaDirectHeaderWriter(new byte[256]);
            header.AddRange(5000, 16, [7, 9]);
            Assert.True(Answerer.TrySend(OutgoingPacket.GpaDirect(header, Number(4), 11)));
        }
    }

    private static async Task<int> CountAsync(VmBusChannel channel)
    {
        int count = 0;
        await foreach (ReceivedPacket _ in channel.ReadAllAsync(Token))
            count++;
        return count;
    }

    private static bool TryReadBatch(VmBusChannel channel)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        bool any = batch.TryNext(out _);
        batch.Commit();
        return any;
    }

    private async Task<(ulong Id, ulong Question)> TakeAsync()
    {
        Assert.True(await Answerer.WaitToReadAsync(Token).AsTask().WaitAsync(Patience.Limit, Token));
        return Take();
    }

    private (ulong Id, ulong Question) Take()
    {
        using ChannelReadBatch batch = Answerer.ReadBatch();
        Assert.True(batch.TryNext(out RingPacket packet));
        Assert.True(packet.WantsCompletion);
        (ulong, ulong) taken = (packet.TransactionId, Read(packet.Payload));
        batch.Commit();
        return taken;
    }

    private void Answer(ulong id, ulong number) => Assert.True(Answerer.TrySend(OutgoingPacket.Completion(Number(number), id)));

    private async Task SendAnswerAsync(ulong id, ulong number)
    {
        while (!Answerer.TrySend(OutgoingPacket.Completion(Number(number), id)))
            Assert.True(await Answerer.WaitToWriteAsync(8, Token));
    }

    private static byte[] Number(ulong number)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        return bytes;
    }

    private static ulong Read(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadUInt64LittleEndian(payload);

    private static async Task Until(Func<bool> condition)
    {
        while (!condition())
            await Task.Yield();
    }
}
