using System.Buffers;
using System.IO.Pipelines;
using VmBus.Layout;
using VmBus.Pipes;
using Xunit;

namespace VmBus.Core.Tests.Pipes;

/// <summary>The pipe as users of System.IO.Pipelines have it: back-pressure, completion, cancelled flushes.</summary>
public sealed class PipeTransportTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_megabyte_goes_each_way_and_then_the_ends_are_read()
    {
        using var pair = new PipePair();
        await using var left = new PipeTransport(pair.Left);
        await using var right = new PipeTransport(pair.Right);
        byte[] there = PipePair.Bytes(1_000_003, 1), back = PipePair.Bytes(1_000_001, 2);
        await Task.WhenAll(Write(left.Output, there), Write(right.Output, back), Read(right.Input, there), Read(left.Input, back)).WaitAsync(2 * Patience.Limit, Token);
    }

    [Fact]
    public async Task A_flush_waits_for_a_reader_that_does_not_read_and_goes_on_when_it_does()
    {
        using var pair = new PipePair();
        await using var left = new PipeTransport(pair.Left);
        await using var right = new PipeTransport(pair.Right);
        byte[] data = PipePair.Bytes(10_000);
        Task<FlushResult> flush = left.Output.WriteAsync(data, Token).AsTask();
        Assert.False(flush.IsCompleted);
        Assert.Equal(0, pair.Right.Channel.GetStatistics().Incoming.Packets);
        Task<byte[]> reading = ReadAll(right.Input);
        await flush.WaitAsync(Patience.Limit, Token);
        await left.Output.CompleteAsync();
        Assert.Equal(data, await reading.WaitAsync(Patience.Limit, Token));
    }

    /// <summary>The framework offers a segment again after a cancelled flush, of which a part may have been sent.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_flush_loses_nothing_and_sends_nothing_twice(bool byToken)
    {
        using var pair = new PipePair();
        await using var left = new PipeTransport(pair.Left);
        byte[] data = PipePair.Bytes(60_000);
        using var received = new MemoryStream();
        byte[] buffer = new byte[8192];
        var random = new Random(5);
        int written = 0, cancelled = 0;
        while (written < data.Length)
        {
            int size = Math.Min(random.Next(1, 7000), data.Length - written);
            left.Output.Write(data.AsSpan(written, size));
            written += size;
            using var cancel = new CancellationTokenSource();
            Task<FlushResult> flush = left.Output.FlushAsync(cancel.Token).AsTask();
            if (!flush.IsCompleted)
            {
                cancelled++;
                if (byToken)
                {
                    await cancel.CancelAsync();
                    await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush.WaitAsync(Patience.Limit, Token));
                }
                else
                {
                    left.Output.CancelPendingFlush();
                    Assert.True((await flush.WaitAsync(Patience.Limit, Token)).IsCanceled);
                }
            }

            received.Write(buffer, 0, pair.Right.Read(buffer));
        }

        Assert.True(cancelled > 3, $"{cancelled} flushes were cancelled.");
        Task completing = left.Output.CompleteAsync().AsTask();
        await pair.Right.CopyToAsync(received, Token).WaitAsync(Patience.Limit, Token);
        await completing.WaitAsync(Patience.Limit, Token);
        Assert.True(data.AsSpan().SequenceEqual(received.ToArray()));
    }

    /// <summary>Completing flushes, segment by segment, without a task to wait for.</summary>
    [Fact]
    public async Task Completing_on_the_spot_after_a_cancelled_flush_sends_each_byte_once()
    {
        using var pair = new PipePair();
        await using var left = new PipeTransport(pair.Left);
        byte[] data = PipePair.Bytes(50_000);
        left.Output.Write(data.AsSpan(0, 20_000));
        Task<FlushResult> flush = left.Output.FlushAsync(Token).AsTask();
        left.Output.CancelPendingFlush();
        Assert.True((await flush.WaitAsync(Patience.Limit, Token)).IsCanceled);
        left.Output.Write(data.AsSpan(20_000));
        Background completing = Background.Run(() => left.Output.Complete());
        using var received = new MemoryStream();
        await pair.Right.CopyToAsync(received, Token).WaitAsync(Patience.Limit, Token);
        completing.Join();
        Assert.True(data.AsSpan().SequenceEqual(received.ToArray()));
    }

    [Fact]
    public async Task A_cancelled_read_loses_nothing()
    {
        using var pair = new PipePair();
        await using var right = new PipeTransport(pair.Right);
        Task<ReadResult> reading = right.Input.ReadAsync(Token).AsTask();
        right.Input.CancelPendingRead();
        Assert.True((await reading.WaitAsync(Patience.Limit, Token)).IsCanceled);
        right.Input.AdvanceTo(default);
        pair.Left.Write([1, 2, 3]);
        ReadResult read = await right.Input.ReadAsync(Token);
        Assert.Equal([1, 2, 3], read.Buffer.ToArray());
        right.Input.AdvanceTo(read.Buffer.End);
    }

    [Fact]
    public async Task Completing_says_the_end_and_completing_with_an_error_does_not()
    {
        using var orderly = new PipePair();
        await using (var left = new PipeTransport(orderly.Left))
        {
            left.Output.Write(new byte[] { 5 });
            left.Output.Complete();
            left.Output.Complete();
            Assert.Equal(5, orderly.Right.ReadByte());
            Assert.Equal(-1, orderly.Right.ReadByte());
            Assert.True(orderly.Right.PeerCompletedWriting);
            orderly.Right.Write([6]);
            ReadResult read = await left.Input.ReadAsync(Token);
            Assert.Equal(6, read.Buffer.FirstSpan[0]);
            left.Input.AdvanceTo(read.Buffer.End);
        }

        using var failed = new PipePair();
        await using (var left = new PipeTransport(failed.Left))
        {
            left.Output.Write(new byte[] { 5 });
            await left.Output.CompleteAsync(new InvalidOperationException("It went wrong."));
        }

        failed.CloseLeft();
        Assert.Equal(-1, failed.Right.ReadByte());
        Assert.False(failed.Right.PeerCompletedWriting);
    }

    [Fact]
    public async Task Dispose_flushes_and_ends_and_bears_a_peer_that_is_gone_or_broke_the_pipe()
    {
        using var pair = new PipePair();
        var left = new PipeTransport(pair.Left);
        left.Output.Write(new byte[] { 9 });
        Assert.Equal(1, left.Output.UnflushedBytes);
        await left.DisposeAsync();
        await left.DisposeAsync();
        Assert.Equal(9, pair.Right.ReadByte());
        Assert.Equal(-1, pair.Right.ReadByte());

        using var gone = new PipePair();
        var right = new PipeTransport(gone.Right);
        gone.CloseLeft();
        Assert.True((await right.Input.ReadAsync(Token)).IsCompleted);
        await right.DisposeAsync();

        using var broken = new PipePair();
        right = new PipeTransport(broken.Right);
        broken.SendRaw(7, 0, 0);
        await Assert.ThrowsAsync<PipeCorruptException>(() => right.Input.ReadAsync(Token).AsTask());
        await right.DisposeAsync();

        using var messages = new PipePair(PipeMode.Message);
        Assert.Throws<ArgumentException>(() => new PipeTransport(messages.Left));
    }

    private static async Task Write(PipeWriter output, byte[] data)
    {
        var random = new Random(1);
        for (int at = 0, size; at < data.Length; at += size)
        {
            size = Math.Min(random.Next(1, 9000), data.Length - at);
            output.Write(data.AsSpan(at, size));
            if (random.Next(3) == 0)
                await output.FlushAsync(Token);
        }

        await output.CompleteAsync();
    }

    private static async Task Read(PipeReader input, byte[] expected)
    {
        byte[] all = await ReadAll(input);
        Assert.True(expected.AsSpan().SequenceEqual(all));
    }

    private static async Task<byte[]> ReadAll(PipeReader input)
    {
        using var all = new MemoryStream();
        await input.CopyToAsync(all, Token);
        await input.CompleteAsync();
        return all.ToArray();
    }
}
