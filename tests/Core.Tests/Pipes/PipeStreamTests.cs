using FsCheck.Xunit;
using VmBus.Core.Tests.Channels;
using VmBus.Core.Tests.Rings;
using VmBus.Core.Tests.Signals;
using VmBus.Layout;
using VmBus.Pipes;
using Xunit;

namespace VmBus.Core.Tests.Pipes;

/// <summary>Byte mode: a stream that loses, adds, swaps and cuts nothing, with an end that is said.</summary>
public class PipeStreamTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Law: in each direction, what was read is what was written, in order, however either was cut.</summary>
    [Property(MaxTest = 300)]
    public void What_is_read_is_what_was_written(PeerTrust trust, int seed)
    {
        using var pair = new PipePair(trust: trust);
        var random = new Random(seed);
        PipeStream[] ends = [pair.Left, pair.Right];
        Queue<byte>[] model = [new(), new()];
        byte[] buffer = new byte[5000];
        for (int step = 0; step < 200; step++)
        {
            int from = random.Next(2);
            int size = random.Next(3) == 0 ? random.Next(2000) : random.Next(40);
            if (random.Next(2) == 0 && model[from].Count + size < 1500)
            {
                byte[] data = PipePair.Bytes(size, step);
                ends[from].Write(data);
                foreach (byte value in data)
                    model[from].Enqueue(value);
            }
            else if (model[from].Count > 0 && size > 0)
            {
                int read = ends[1 - from].Read(buffer.AsSpan(0, size));
                Assert.InRange(read, 1, Math.Min(size, model[from].Count));
                for (int i = 0; i < read; i++)
                    Assert.Equal(model[from].Dequeue(), buffer[i]);
            }
        }

        for (int from = 0; from < 2; from++)
        {
            ends[from].CompleteWriting();
            using var rest = new MemoryStream();
            ends[1 - from].CopyTo(rest);
            Assert.Equal(model[from].ToArray(), rest.ToArray());
        }
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void Two_megabytes_go_each_way_through_rings_of_one_page(RingForm form, PeerTrust trust)
    {
        using var pair = new PipePair(form: form, trust: trust);
        byte[] there = PipePair.Bytes(2_000_003, 1), back = PipePair.Bytes(1_500_001, 2);
        long[] done = new long[4];
        Workers.Run(() => done.Sum(), () => $"{string.Join(", ", done)}; {pair.Describe()}",
            () => Write(pair.Left, there, ref done[0]),
            () => Write(pair.Right, back, ref done[1]),
            () => Read(pair.Right, there, ref done[2]),
            () => Read(pair.Left, back, ref done[3]));

        static void Write(PipeStream stream, byte[] data, ref long done)
        {
            var random = new Random(3);
            for (int at = 0, size; at < data.Length; at += size)
            {
                size = Math.Min(data.Length - at, random.Next(1, 20_000));
                stream.Write(data.AsSpan(at, size));
                Volatile.Write(ref done, at + size);
            }

            stream.CompleteWriting();
        }

        static void Read(PipeStream stream, byte[] expected, ref long done)
        {
            var random = new Random(4);
            byte[] buffer = new byte[10_000];
            int at = 0;
            for (int read; (read = stream.Read(buffer.AsSpan(0, random.Next(1, buffer.Length)))) > 0; Volatile.Write(ref done, at += read))
                Assert.True(buffer.AsSpan(0, read).SequenceEqual(expected.AsSpan(at, read)), $"The {read} bytes at {at} differ.");
            Assert.Equal(expected.Length, at);
            Assert.True(stream.PeerCompletedWriting);
        }
    }

    [Theory]
    [InlineData(PipeMode.Byte)]
    [InlineData(PipeMode.Message)]
    public async Task What_is_written_to_a_peer_that_is_known_to_be_gone_is_refused_though_there_is_room(PipeMode mode)
    {
        using var pair = new PipePair(mode);
        pair.Left.Channel.OnDisconnected(new PeerDisconnectedException("gone"));
        Assert.Throws<PeerDisconnectedException>(() => pair.Left.Write([1]));
        Assert.Throws<PeerDisconnectedException>(() => pair.Left.Write([]));
        await Assert.ThrowsAsync<PeerDisconnectedException>(() => pair.Left.WriteAsync(new byte[] { 1 }, TestContext.Current.CancellationToken).AsTask());
        Assert.Equal(0, pair.Left.Channel.GetStatistics().Outgoing.Packets);
    }

    [Fact]
    public async Task Megabytes_go_each_way_without_threads()
    {
        using var pair = new PipePair();
        byte[] there = PipePair.Bytes(1_000_003, 1), back = PipePair.Bytes(1_000_001, 2);
        await Task.WhenAll(Write(pair.Left, there), Write(pair.Right, back), Read(pair.Right, there), Read(pair.Left, back))
            .WaitAsync(Patience.Limit, Token);

        static async Task Write(PipeStream stream, byte[] data)
        {
            await Task.Yield();
            await stream.WriteAsync(data.AsMemory(0, data.Length / 2), Token);
            await stream.WriteAsync(data.AsMemory(data.Length / 2), Token);
            await stream.CompleteWritingAsync(Token);
        }

        static async Task Read(PipeStream stream, byte[] expected)
        {
            await Task.Yield();
            using var all = new MemoryStream();
            await stream.CopyToAsync(all, Token);
            Assert.True(expected.AsSpan().SequenceEqual(all.ToArray()));
        }
    }

    [Fact]
    public void A_write_becomes_packets_within_the_limits_of_the_pipe_and_of_the_ring_and_one_signal()
    {
        using var pair = new PipePair(dataSize: 256 * 1024);
        pair.Left.Write(PipePair.Bytes(40_000));
        Assert.Equal([16384u, 16384u, 7232u], Lengths(pair.Right.Channel));
        Assert.Equal(1, pair.SignalsToRight);

        using var small = new PipePair();
        small.Left.Write(PipePair.Bytes(2500));
        Assert.Equal([992u, 992u, 516u], Lengths(small.Right.Channel));
    }

    [Fact]
    public void Read_takes_from_several_packets_at_once_and_part_of_the_last()
    {
        using var pair = new PipePair();
        pair.Left.Write([1, 2, 3]);
        pair.Left.Write([4, 5, 6, 7]);
        pair.Left.Write([8]);
        byte[] buffer = new byte[5];
        Assert.Equal(5, pair.Right.Read(buffer));
        Assert.Equal([1, 2, 3, 4, 5], buffer);
        Assert.Equal(6, pair.Right.ReadByte());
        Assert.Equal(1, pair.Right.Read(buffer));
        Assert.Equal(1, pair.Right.Read(buffer));
        Assert.Equal(8, buffer[0]);
    }

    [Fact]
    public void Nothing_written_is_nothing_sent_and_does_not_end_the_stream()
    {
        using var pair = new PipePair();
        pair.Left.Write([]);
        Assert.Equal(0, pair.Left.Channel.GetStatistics().Outgoing.Published);
        pair.Left.WriteByte(9);
        Assert.Equal(9, pair.Right.ReadByte());
    }

    [Fact]
    public async Task A_read_of_nothing_waits_for_data_and_leaves_it()
    {
        using var pair = new PipePair();
        ValueTask<int> waiting = pair.Right.ReadAsync(Memory<byte>.Empty, Token);
        Assert.False(waiting.IsCompleted);
        pair.Left.WriteByte(3);
        Assert.Equal(0, await waiting.AsTask().WaitAsync(Patience.Limit, Token));
        Assert.Equal(0, pair.Right.Read([]));
        Assert.Equal(3, pair.Right.ReadByte());
    }

    [Fact]
    public void One_direction_ends_and_the_other_goes_on()
    {
        using var pair = new PipePair();
        pair.Left.Write([1, 2]);
        pair.Left.CompleteWriting();
        pair.Left.CompleteWriting();
        Assert.False(pair.Left.CanWrite);
        Assert.Throws<InvalidOperationException>(() => pair.Left.Write([3]));

        byte[] buffer = new byte[8];
        Assert.Equal(2, pair.Right.Read(buffer));
        Assert.Equal(0, pair.Right.Read(buffer));
        Assert.Equal(0, pair.Right.Read(buffer));
        Assert.True(pair.Right.IsEndOfStream && pair.Right.PeerCompletedWriting);

        pair.Right.Write([4]);
        Assert.Equal(4, pair.Left.ReadByte());
    }

    [Fact]
    public void What_a_peer_sends_after_its_end_is_not_read()
    {
        using var pair = new PipePair();
        pair.Left.CompleteWriting();
        pair.SendRaw(1, 4, 8);
        Assert.Equal(-1, pair.Right.ReadByte());
        Assert.Equal(-1, pair.Right.ReadByte());
    }

    /// <summary>Hvsocks leave room for it, too: otherwise closing would wait for a reader that may never read.</summary>
    [Theory]
    [InlineData(4096)]
    [InlineData(65536)]
    public void There_is_always_room_to_say_the_end(int dataSize)
    {
        for (int step = 1; step < 3000; step += step < 40 ? 1 : 331)
        {
            using var pair = new PipePair(dataSize: dataSize);
            pair.Left.WriteTimeout = 1;
            int written = 0;
            Assert.Throws<TimeoutException>(() => Fill(pair.Left, step, ref written));
            pair.Left.Dispose();
            using var all = new MemoryStream();
            pair.Right.CopyTo(all);
            Assert.True(pair.Right.PeerCompletedWriting);
            Assert.InRange(all.Length, written, written + step);
        }
    }

    [Fact]
    public void A_peer_that_goes_without_a_word_ends_the_stream_after_its_last_byte()
    {
        using var pair = new PipePair();
        pair.Left.Write([1, 2]);
        pair.CloseLeft();
        byte[] buffer = new byte[8];
        Assert.Equal(2, pair.Right.Read(buffer));
        Assert.Equal(0, pair.Right.Read(buffer));
        Assert.True(pair.Right.IsEndOfStream);
        Assert.False(pair.Right.PeerCompletedWriting);
        Assert.Throws<PeerDisconnectedException>(() => pair.Right.Write([1]));
        pair.Right.CompleteWriting();
    }

    [Fact]
    public async Task A_peer_that_goes_ends_the_waits_of_both_directions()
    {
        using var pair = new PipePair();
        byte[] buffer = new byte[8];
        ValueTask<int> reading = pair.Right.ReadAsync(buffer, Token);
        Task writing = pair.Right.WriteAsync(new byte[5000], Token).AsTask();
        Assert.False(reading.IsCompleted || writing.IsCompleted);
        pair.CloseLeft();
        Assert.Equal(0, await reading.AsTask().WaitAsync(Patience.Limit, Token));
        await Assert.ThrowsAsync<PeerDisconnectedException>(() => writing.WaitAsync(Patience.Limit, Token));
    }

    [Fact]
    public async Task A_cancelled_read_takes_nothing_and_a_cancelled_write_sends_a_front_of_its_bytes()
    {
        using var pair = new PipePair();
        byte[] buffer = new byte[8000];
        using (var cancel = new CancellationTokenSource())
        {
            ValueTask<int> reading = pair.Right.ReadAsync(buffer, cancel.Token);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reading);
        }

        byte[] data = PipePair.Bytes(8000);
        using (var cancel = new CancellationTokenSource())
        {
            ValueTask writing = pair.Left.WriteAsync(data, cancel.Token);
            Assert.False(writing.IsCompleted);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await writing);
        }

        int read = pair.Right.Read(buffer);
        Assert.InRange(read, 1, 4000);
        Assert.True(buffer.AsSpan(0, read).SequenceEqual(data.AsSpan(0, read)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pair.Right.ReadAsync(buffer, new CancellationToken(true)).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pair.Right.WriteAsync(buffer, new CancellationToken(true)));
    }

    [Fact]
    public void Reads_and_writes_wait_no_longer_than_they_were_told()
    {
        using var pair = new PipePair();
        pair.Right.ReadTimeout = 1;
        pair.Left.WriteTimeout = 1;
        Assert.Equal((1, 1), (pair.Right.ReadTimeout, pair.Left.WriteTimeout));
        Assert.Throws<TimeoutException>(() => pair.Right.ReadByte());
        Assert.Throws<TimeoutException>(() => pair.Left.Write(new byte[5000]));
        Assert.Throws<ArgumentOutOfRangeException>(() => pair.Right.ReadTimeout = 0);
    }

    [Fact]
    public void Urgent_data_is_sent_as_urgent()
    {
        using var channels = new ChannelPair(pages: new SharedPages());
        using var left = new PipeStream(channels.Left);
        left.Write([1]);
        Assert.Equal((1, 0), (channels.Left.GetStatistics().Signals.Monitored, channels.Left.GetStatistics().Signals.Hypercalls));
        left.Urgency = Urgency.Urgent;
        left.Write([2]);
        Assert.Equal(1, channels.Left.GetStatistics().Signals.Hypercalls);
    }

    [Fact]
    public void A_stream_closes_its_channel_unless_told_to_leave_it()
    {
        using var channels = new ChannelPair();
        new PipeStream(channels.Left, leaveOpen: true).Dispose();
        Assert.Equal(ChannelState.Open, channels.Left.State);
        var stream = new PipeStream(channels.Left);
        stream.Dispose();
        Assert.Equal(ChannelState.Closed, channels.Left.State);
        Assert.False(stream.CanRead || stream.CanWrite || stream.CanSeek);
        Assert.Throws<ObjectDisposedException>(() => stream.ReadByte());
        Assert.Throws<ObjectDisposedException>(() => stream.WriteByte(1));
        Assert.Throws<NotSupportedException>(() => stream.Length);
        Assert.Throws<NotSupportedException>(() => stream.Position = 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => new PipeStream(channels.Right, (PipeMode)1));
    }

    private static void Fill(PipeStream stream, int step, ref int written)
    {
        while (true)
        {
            stream.Write(new byte[step]);
            written += step;
        }
    }

    private static List<uint> Lengths(VmBusChannel channel)
    {
        List<uint> lengths = [];
        using ChannelReadBatch batch = channel.ReadBatch();
        while (batch.TryNext(out RingPacket packet))
        {
            Assert.Equal(1u, BitConverter.ToUInt32(packet.Payload));
            lengths.Add(BitConverter.ToUInt32(packet.Payload[4..]));
        }

        batch.Commit();
        return lengths;
    }
}
