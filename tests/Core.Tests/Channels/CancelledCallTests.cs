using VmBus.Core.Tests.Pipes;
using VmBus.Layout;
using VmBus.Pipes;
using Xunit;

namespace VmBus.Core.Tests.Channels;

/// <summary>
/// Every call of a channel and of a pipe that waits, cancelled at each place it can wait at: it says so, asks for nothing any
/// more, and the channel goes on as before.
/// </summary>
public sealed class CancelledCallTests
{
    private static readonly byte[] Payload = new byte[1000];

    public static TheoryData<string> Waits => [.. Calls.Keys];

    public static TheoryData<string> PipeWaits => [.. PipeCalls.Keys];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // Each with an outgoing ring that is full, unless it waits for something to read.
    private static Dictionary<string, Func<VmBusChannel, CancellationToken, Task>> Calls { get; } = new(StringComparer.Ordinal)
    {
        ["Send"] = (channel, token) => Start(() => channel.Send(Payload, cancellationToken: token)),
        ["SendAsync"] = (channel, token) => channel.SendAsync(Payload, cancellationToken: token).AsTask(),
        ["SendCompletionAsync"] = (channel, token) => channel.SendCompletionAsync(Payload, 7, cancellationToken: token).AsTask(),
        ["WaitToWrite"] = (channel, token) => Start(() => channel.WaitToWrite(1000, Timeout.InfiniteTimeSpan, token)),
        ["WaitToWriteAsync"] = (channel, token) => channel.WaitToWriteAsync(1000, token).AsTask(),
        ["FlushAsync"] = (channel, token) => channel.FlushAsync(token).AsTask(),
        ["WaitToRead"] = (channel, token) => Start(() => channel.WaitToRead(Timeout.InfiniteTimeSpan, token)),
        ["WaitToReadAsync"] = (channel, token) => channel.WaitToReadAsync(token).AsTask(),
        ["ReadAllAsync"] = ReadAllAsync,
        ["RequestAsync waits for room"] = (channel, token) => channel.RequestAsync(Payload, cancellationToken: token).AsTask(),
        ["RequestAsync waits for its turn"] = async (channel, token) =>
        {
            // The first has the turn, and waits for room.
            Task first = channel.RequestAsync(Payload, cancellationToken: token).AsTask();
            await Record.ExceptionAsync(() => channel.RequestAsync(Payload, cancellationToken: token).AsTask());
            await first;
        },
        ["RequestAsync waits for a slot"] = async (channel, token) =>
        {
            Task[] all = [.. Enumerable.Range(0, 1025).Select(_ => channel.RequestAsync(Payload, cancellationToken: token).AsTask())];
            foreach (Task one in all)
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
            token.ThrowIfCancellationRequested();
        },
    };

    private static Dictionary<string, (PipeMode Mode, Func<PipeStream, CancellationToken, Task> Call)> PipeCalls { get; } = new(StringComparer.Ordinal)
    {
        ["ReadAsync"] = (PipeMode.Byte, (pipe, token) => pipe.ReadAsync(new byte[8], token).AsTask()),
        ["ReadAsync of an array"] = (PipeMode.Byte, (pipe, token) => pipe.ReadAsync(new byte[8], 0, 8, token)),
        ["ReadMessageAsync"] = (PipeMode.Message, (pipe, token) => pipe.ReadMessageAsync(new byte[8], token).AsTask()),
        ["WriteAsync"] = (PipeMode.Byte, (pipe, token) => pipe.WriteAsync(new byte[8192], token).AsTask()),
        ["WriteAsync of an array"] = (PipeMode.Byte, (pipe, token) => pipe.WriteAsync(new byte[8192], 0, 8192, token)),
        ["WriteAsync of a message"] = (PipeMode.Message, (pipe, token) => pipe.WriteAsync(new byte[2000], token).AsTask()),
        ["CompleteWritingAsync"] = (PipeMode.Byte, (pipe, token) => pipe.CompleteWritingAsync(token).AsTask()),
    };

    [Theory]
    [MemberData(nameof(Waits))]
    public async Task A_wait_that_is_cancelled_leaves_its_channel_as_it_was(string name)
    {
        using var pair = new ChannelPair(dataSize: 8192);
        while (pair.Left.TrySend(Payload))
        {
        }

        using var cancel = new CancellationTokenSource();
        Task call = Calls[name](pair.Left, cancel.Token);
        await Until(() => pair.LeftGate.Waits > 0 || call.IsCompleted);
        Assert.False(call.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Patience.Limit, Token));
        Assert.Equal((0, 0u, ChannelState.Open), (pair.Left.RequestsInFlight, pair.ToRight.Control.PendingSendSize, pair.Left.State));

        // Both directions work, read by batch.
        Assert.True(ChannelTests.Drain(pair.Right) > 0);
        Assert.True(pair.Left.TrySend(Payload));
        Assert.Equal(1, ChannelTests.Drain(pair.Right));
        Assert.True(pair.Right.TrySend(Payload));
        Assert.True(await pair.Left.WaitToReadAsync(Token));
        Assert.Equal(1, ChannelTests.Drain(pair.Left));
    }

    [Theory]
    [MemberData(nameof(PipeWaits))]
    public async Task A_wait_of_a_pipe_that_is_cancelled_leaves_the_pipe_as_it_was(string name)
    {
        (PipeMode mode, Func<PipeStream, CancellationToken, Task> make) = PipeCalls[name];
        using var pair = new PipePair(mode);
        // By the channel itself, which leaves no room for a pipe's end either.
        while (pair.Left.Channel.TrySend(Head()))
        {
        }

        using var cancel = new CancellationTokenSource();
        Task call = make(pair.Left, cancel.Token);
        Assert.False(call.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Patience.Limit, Token));
        Assert.Equal((0u, true), (pair.ToRight.Control.PendingSendSize, pair.Left.CanWrite));

        byte[] buffer = new byte[8];
        Assert.True(ChannelTests.Drain(pair.Right.Channel) > 0);
        await pair.Left.WriteAsync(new byte[] { 1, 2, 3 }, Token);
        Assert.Equal(3, await pair.Right.ReadAsync(buffer, Token));
        await pair.Right.WriteAsync(new byte[] { 4, 5 }, Token);
        Assert.Equal(2, await pair.Left.ReadAsync(buffer, Token));
    }

    // Eight bytes, and none of data: a header as pipes have.
    private static byte[] Head() => [1, 0, 0, 0, 0, 0, 0, 0];

    private static async Task ReadAllAsync(VmBusChannel channel, CancellationToken token)
    {
        await foreach (ReceivedPacket packet in channel.ReadAllAsync(token))
            Assert.NotNull(packet);
    }

    private static Task Start(Action call) => Task.Factory.StartNew(call, Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);

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
