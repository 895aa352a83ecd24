using Xunit;

namespace VmBus.Core.Tests.Channels;

/// <summary>What is misuse of a batch throws, and leaves the batch as it was.</summary>
public sealed class OpenBatchTests
{
    private static readonly byte[] Payload = [1, 2, 3, 4, 5, 6, 7, 8];

    public static TheoryData<string, bool> Misuses
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (string what in Calls.Keys)
            {
                data.Add(what, false);
                data.Add(what, true);
            }

            return data;
        }
    }

    private static Dictionary<string, Action<VmBusChannel>> Calls { get; } = new()
    {
        ["a send"] = channel => channel.TrySend(Payload),
        ["a send that waits"] = channel => channel.Send(Payload, cancellationToken: TestContext.Current.CancellationToken),
        ["a packet of another type"] = channel => channel.TrySend(OutgoingPacket.Completion(Payload, 1)),
        ["another batch"] = channel => channel.BeginBatch().Dispose(),
        ["a write to the ring"] = channel => channel.Outgoing.TryWrite(Payload, 0, default, out _),
    };

    // A send beside an open batch would find the ring not empty for what the batch has put there and the reader cannot see, and
    // ask for no signal; with several producers it would wait for its own lock.
    [Theory]
    [MemberData(nameof(Misuses))]
    public void A_write_beside_an_open_batch_throws_and_the_batch_goes_on(string what, bool multiProducer)
    {
        using ChannelPair pair = new(multiProducer: multiProducer);
        using (ChannelWriteBatch batch = pair.Left.BeginBatch())
        {
            Assert.Throws<InvalidOperationException>(() => Calls[what](pair.Left));
            Assert.True(batch.TryAdd(Payload, 7));
            Assert.Throws<InvalidOperationException>(() => Calls[what](pair.Left));
            Assert.True(batch.TryAdd(Payload, 8));
            Assert.Equal(0, pair.Left.GetStatistics().Outgoing.Packets);
            batch.Commit();
        }

        Assert.Equal(1, pair.Left.GetStatistics().Outgoing.Required);
        Assert.Equal([7ul, 8ul], Read(pair.Right));
        Calls[what](pair.Left);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void After_a_batch_that_was_given_up_the_ring_is_free(bool multiProducer)
    {
        using ChannelPair pair = new(multiProducer: multiProducer);
        using (ChannelWriteBatch batch = pair.Left.BeginBatch())
            batch.TryAdd(Payload, 7);
        Assert.True(pair.Left.TrySend(Payload, 9));
        Assert.Equal([9ul], Read(pair.Right));
    }

    [Fact]
    public void A_batch_of_another_thread_is_waited_for()
    {
        using ChannelPair pair = new(multiProducer: true);
        using var isWaiting = new ManualResetEventSlim();
        Background other;
        using (ChannelWriteBatch batch = pair.Left.BeginBatch())
        {
            other = Background.Run(() =>
            {
                isWaiting.Set();
                Assert.True(pair.Left.TrySend(Payload, 2));
            });
            isWaiting.Wait(TestContext.Current.CancellationToken);
            Assert.True(batch.TryAdd(Payload, 1));
            batch.Commit();
        }

        other.Join();
        Assert.Equal([1ul, 2ul], Read(pair.Right));
    }

    [Fact]
    public void The_end_of_the_channel_counts_before_the_misuse()
    {
        using ChannelPair pair = new();
        using ChannelWriteBatch batch = pair.Left.BeginBatch();
        pair.Left.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pair.Left.TrySend(Payload));
        Assert.Throws<ObjectDisposedException>(() => pair.Left.BeginBatch());
    }

    private static List<ulong> Read(VmBusChannel channel)
    {
        var ids = new List<ulong>();
        using ChannelReadBatch batch = channel.ReadBatch();
        foreach (RingPacket packet in batch)
            ids.Add(packet.TransactionId);
        batch.Commit();
        return ids;
    }
}
