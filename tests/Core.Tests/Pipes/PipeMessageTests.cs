using FsCheck.Xunit;
using VmBus.Core.Tests.Channels;
using VmBus.Core.Tests.Rings;
using VmBus.Layout;
using VmBus.Pipes;
using Xunit;

namespace VmBus.Core.Tests.Pipes;

/// <summary>Message mode: each write one message, each read from one message.</summary>
public class PipeMessageTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Law: messages come whole, in order, with their lengths, however they are read.</summary>
    [Property(MaxTest = 300)]
    public void Messages_keep_their_boundaries(PeerTrust trust, int seed)
    {
        using var pair = new PipePair(PipeMode.Message, trust: trust);
        var random = new Random(seed);
        byte[] buffer = new byte[PipeHeader.MaxDataLength];
        for (int round = 0; round < 40; round++)
        {
            byte[][] messages = [.. Enumerable.Range(0, random.Next(1, 5)).Select(i => PipePair.Bytes(random.Next(4) == 0 ? 0 : random.Next(900), i))];
            foreach (byte[] message in messages)
                pair.Left.Write(message);
            foreach (byte[] message in messages)
            {
                if (random.Next(2) == 0 && message.Length > 0)
                {
                    // In pieces, the last of them perhaps as a whole.
                    int at = 0;
                    do
                    {
                        int read = random.Next(3) == 0 && at > 0
                            ? pair.Right.ReadMessage(buffer.AsSpan(at))
                            : pair.Right.Read(buffer.AsSpan(at, random.Next(1, 500)));
                        Assert.InRange(read, 1, message.Length - at);
                        at += read;
                    }
                    while (!pair.Right.IsMessageComplete);
                    Assert.Equal(message.Length, at);
                }
                else
                {
                    Assert.Equal(message.Length, pair.Right.ReadMessage(buffer));
                    Assert.True(pair.Right.IsMessageComplete);
                }

                Assert.True(message.AsSpan().SequenceEqual(buffer.AsSpan(0, message.Length)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void Many_messages_between_two_threads_keep_their_boundaries(RingForm form, PeerTrust trust)
    {
        const int Messages = 30_000;
        using var pair = new PipePair(PipeMode.Message, form, trust);
        long sent = 0, read = 0;
        Workers.Run(() => Volatile.Read(ref sent) + Volatile.Read(ref read), () => $"{sent} sent, {read} read; {pair.Describe()}",
            () =>
            {
                for (; sent < Messages; Volatile.Write(ref sent, sent + 1))
                    pair.Left.Write(Traffic.Payload(sent, 4000));
            },
            () =>
            {
                byte[] buffer = new byte[4000];
                for (; read < Messages; Volatile.Write(ref read, read + 1))
                {
                    int length = pair.Right.ReadMessage(buffer);
                    Assert.True(Traffic.Payload(read, 4000).SequenceEqual(buffer.AsSpan(0, length)), $"Message {read} differs.");
                }
            });
    }

    [Fact]
    public void An_empty_message_is_a_message_and_not_the_end()
    {
        using var pair = new PipePair(PipeMode.Message);
        byte[] buffer = new byte[8];
        pair.Left.Write([]);
        pair.Left.Write([]);
        pair.Left.Write([7]);
        Assert.Equal(0, pair.Right.Read(buffer));
        Assert.True(pair.Right.IsMessageComplete);
        Assert.False(pair.Right.IsEndOfStream);
        Assert.Equal(0, pair.Right.ReadMessage([]));
        Assert.Equal(1, pair.Right.ReadMessage(buffer));
        pair.CloseLeft();
        Assert.Equal(-1, pair.Right.ReadMessage(buffer));
        Assert.Equal(0, pair.Right.Read(buffer));
        Assert.True(pair.Right.IsEndOfStream);
    }

    [Fact]
    public void A_message_for_which_the_buffer_is_too_small_stays()
    {
        using var pair = new PipePair(PipeMode.Message);
        byte[] message = PipePair.Bytes(100);
        pair.Left.Write(message);
        byte[] buffer = new byte[100];
        var error = Assert.Throws<ArgumentException>(() => pair.Right.ReadMessage(buffer.AsSpan(0, 99)));
        Assert.Contains("100", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => pair.Right.ReadMessage([]));
        Assert.Equal(100, pair.Right.ReadMessage(buffer));
        Assert.Equal(message, buffer);
    }

    [Theory]
    [InlineData(4096, 4056)]
    [InlineData(65536, 16384)]
    public void The_longest_message_fits_and_a_longer_one_is_refused(int dataSize, int longest)
    {
        using var pair = new PipePair(PipeMode.Message, dataSize: dataSize);
        Assert.Equal(longest, pair.Left.MaxMessageLength);
        byte[] message = PipePair.Bytes(longest), read = new byte[PipeHeader.MaxDataLength];
        for (int i = 0; i < 5; i++)
        {
            pair.Left.Write(message);
            Assert.Equal(longest, pair.Right.ReadMessage(read));
            Assert.True(message.AsSpan().SequenceEqual(read.AsSpan(0, longest)));
        }

        var error = Assert.Throws<ArgumentException>(() => pair.Left.Write(new byte[longest + 1]));
        Assert.Contains($"{longest + 1}", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{longest}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_finds_no_room_waits_or_is_cancelled_as_a_whole()
    {
        using var pair = new PipePair(PipeMode.Message);
        byte[] buffer = new byte[4000];
        await pair.Left.WriteAsync(new byte[3000], Token);
        using var cancel = new CancellationTokenSource();
        ValueTask cancelled = pair.Left.WriteAsync(new byte[2000], cancel.Token);
        Assert.False(cancelled.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await cancelled);

        Task empty = pair.Left.WriteAsync(new byte[1500], Token).AsTask();
        Assert.Equal(3000, await pair.Right.ReadMessageAsync(buffer, Token));
        await empty.WaitAsync(Patience.Limit, Token);
        Assert.Equal(1500, await pair.Right.ReadMessageAsync(buffer, Token));
        ValueTask<int> reading = pair.Right.ReadMessageAsync(buffer, Token);
        Assert.False(reading.IsCompleted);
        await pair.Left.WriteAsync(new byte[5], Token);
        Assert.Equal(5, await reading.AsTask().WaitAsync(Patience.Limit, Token));
    }

    [Fact]
    public void The_end_cannot_be_said_and_bytes_have_no_messages()
    {
        using var messages = new PipePair(PipeMode.Message);
        Assert.Throws<NotSupportedException>(messages.Left.CompleteWriting);
        messages.Left.Dispose();
        Assert.Equal(0, messages.Left.Channel.GetStatistics().Outgoing.Published);
        using var bytes = new PipePair();
        Assert.Throws<InvalidOperationException>(() => bytes.Left.ReadMessage(new byte[9]));
    }
}
