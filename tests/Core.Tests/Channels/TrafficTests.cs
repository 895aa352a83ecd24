using VmBus.Core.Tests.Rings;
using Xunit;

namespace VmBus.Core.Tests.Channels;

/// <summary>Threads at both ends, masks and waits between them: every packet comes, whole, once and in order.</summary>
public class TrafficTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void A_stream_of_packets_of_random_sizes_arrives_whole_and_in_order(RingForm form, PeerTrust trust)
    {
        const long Packets = 250_000;
        using var pair = new ChannelPair(form, trust, dataSize: 16384);
        long sent = 0, read = 0;
        Workers.Run(
            () => Volatile.Read(ref sent) + Volatile.Read(ref read),
            () => $"{sent} sent, {read} read, {Describe(pair)}",
            () => Send(pair.Left, Packets, 3000, ref sent),
            () => Receive(pair.Right, Packets, 3000, ref read));
        Assert.Equal((Packets, Packets), (sent, read));
        Assert.Equal(Packets, pair.Right.GetStatistics().Incoming.Packets);
        Assert.Equal(pair.Left.GetStatistics().Outgoing.Required, pair.RightGate.Signals);
    }

    [Theory]
    [InlineData(RingForm.Pinned)]
    [InlineData(RingForm.MappedTwice)]
    public void Both_ends_read_and_write_and_wait_at_once_over_rings_that_are_mostly_full(RingForm form)
    {
        const long Packets = 20_000;
        if (form != RingForm.Pinned && !RingFixture.Forms.Contains(form))
            Assert.Skip("No memfd here.");
        using var pair = new ChannelPair(form);
        long[] done = new long[4];
        Workers.Run(
            () => done.Sum(),
            () => $"{string.Join(", ", done)}; {Describe(pair)}",
            () => Send(pair.Left, Packets, 3000, ref done[0]),
            () => Send(pair.Right, Packets, 3000, ref done[1]),
            () => Receive(pair.Left, Packets, 3000, ref done[2]),
            () => Receive(pair.Right, Packets, 3000, ref done[3]));
        Assert.All(done, count => Assert.Equal(Packets, count));
    }

    [Fact]
    public void A_ball_goes_back_and_forth_as_often_as_it_is_thrown()
    {
        const int Throws = 10_000;
        using var pair = new ChannelPair();
        long thrown = 0;
        Workers.Run(
            () => Volatile.Read(ref thrown),
            () => $"{thrown} thrown, {Describe(pair)}",
            () => Play(pair.Left, first: true),
            () => Play(pair.Right, first: false));
        Assert.Equal(2 * Throws, thrown);

        void Play(VmBusChannel channel, bool first)
        {
            byte[] ball = new byte[8];
            for (int i = 0; i < Throws; i++)
            {
                if (first || i > 0)
                    Throw();
                while (!channel.Incoming.TryRead(ball, out _, out _, out _))
                    Assert.True(channel.WaitToRead(Timeout.InfiniteTimeSpan, Token));
            }

            if (!first)
                Throw();

            void Throw()
            {
                Assert.True(channel.TrySend(ball));
                Interlocked.Increment(ref thrown);
            }
        }
    }

    [Fact]
    public async Task The_waits_without_threads_lose_nothing_either()
    {
        const long Packets = 50_000;
        using var pair = new ChannelPair();
        long sent = 0, read = 0;
        Task sending = Task.Run(async () =>
        {
            for (long i = 0; i < Packets; i++)
            {
                while (!pair.Left.TrySend(Traffic.Payload(i, 1000), (ulong)i))
                    await pair.Left.WaitToWriteAsync(Traffic.Payload(i, 1000).Length, Token);
                Volatile.Write(ref sent, i + 1);
            }
        }, Token);
        Task receiving = Task.Run(async () =>
        {
            while (read < Packets)
            {
                await pair.Right.WaitToReadAsync(Token);
                TakeAll(pair.Right, 1000, ref read);
            }
        }, Token);
        Workers.Run(() => Volatile.Read(ref sent) + Volatile.Read(ref read), () => $"{sent} sent, {read} read, {Describe(pair)}",
            () => Task.WhenAll(sending, receiving).GetAwaiter().GetResult());
        await Task.WhenAll(sending, receiving);
        Assert.Equal(Packets, read);
    }

    internal static void Send(VmBusChannel channel, long packets, int maxLength, ref long sent)
    {
        for (long i = 0; i < packets;)
        {
            ReadOnlySpan<byte> payload = Traffic.Payload(i, maxLength);
            if (i % 3 == 0)
            {
                // A batch of up to 8, the last of them in place.
                using ChannelWriteBatch batch = channel.BeginBatch();
                long added = i;
                while (added < packets && added < i + 7 && batch.TryAdd(Traffic.Payload(added, maxLength), (ulong)added))
                    added++;
                if (added < packets && added == i + 7 && batch.TryReserve(Traffic.Payload(added, maxLength).Length, out Span<byte> place, (ulong)added))
                    Traffic.Payload(added++, maxLength).CopyTo(place);
                batch.Commit();
                if (added > i)
                {
                    Volatile.Write(ref sent, i = added);
                    continue;
                }
            }
            else if (channel.TrySend(payload, (ulong)i))
            {
                Volatile.Write(ref sent, ++i);
                continue;
            }

            Assert.True(channel.WaitToWrite(payload.Length, Timeout.InfiniteTimeSpan, Token));
        }
    }

    internal static void Receive(VmBusChannel channel, long packets, int maxLength, ref long read)
    {
        while (read < packets)
        {
            Assert.True(channel.WaitToRead(Timeout.InfiniteTimeSpan, Token));
            TakeAll(channel, maxLength, ref read);
        }
    }

    internal static void TakeAll(VmBusChannel channel, int maxLength, ref long read)
    {
        long number = read;
        using ChannelReadBatch batch = channel.ReadBatch();
        while (batch.TryNext(out RingPacket packet))
            Traffic.AssertIs(number++, maxLength, packet);
        batch.Commit();
        Volatile.Write(ref read, number);
    }

    internal static string Describe(ChannelPair pair)
        => string.Join("; ", new[] { (pair.ToRight, pair.Left, pair.Right), (pair.ToLeft, pair.Right, pair.Left) }.Select(d =>
            $"write {d.Item1.Control.WriteIndex}, read {d.Item1.Control.ReadIndex}, mask {d.Item1.Control.InterruptMask}, "
            + $"pending {d.Item1.Control.PendingSendSize}, {d.Item2.GetStatistics()}"));
}
