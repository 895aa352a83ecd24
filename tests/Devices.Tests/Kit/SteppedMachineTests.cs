using VmBus.Hosting;
using VmBus.Testing;

namespace VmBus.Devices.Tests.Kit;

public class SteppedMachineTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_monitored_message_arrives_when_the_clock_reaches_the_window()
    {
        await using var machine = new SteppedMachine { Patience = Patience.Limit };
        var counter = new Counter();
        using VmBusChannel channel = await machine.OpenAsync(counter, cancellationToken: Token);
        channel.SignalMode = SignalMode.Monitored;

        // A device that is not asleep yet would find the message without a signal.
        await machine.UntilAsync(() => machine.IsIdle, Token);
        Assert.True(channel.TrySend("one"u8));
        Assert.False(machine.IsIdle);
        Assert.Equal(0, counter.Packets);
        // A window is at most twice the hint. The clock rests then, however long the device's thread takes to see its signal.
        machine.Clock.Advance(TimeSpan.FromMicroseconds(200));
        await machine.UntilAsync(() => counter.Packets == 1, Token);

        Assert.True(channel.TrySend("two"u8, Urgency.Urgent));
        await machine.UntilAsync(() => counter.Packets == 2, Token);
    }

    [Fact]
    public async Task A_device_that_never_ends_does_not_keep_the_machine()
    {
        var machine = new SteppedMachine { Patience = TimeSpan.FromMilliseconds(20) };
        using VmBusChannel channel = await machine.OpenAsync(new Endless(), cancellationToken: Token);
        await machine.DisposeAsync().AsTask().WaitAsync(Patience.Limit, Token);
        await machine.DisposeAsync().AsTask().WaitAsync(Patience.Limit, Token);
    }

    [Fact]
    public async Task A_device_is_idle_when_it_waits_for_its_guest_or_has_ended()
    {
        await using var machine = new SteppedMachine { Patience = Patience.Limit };
        Assert.True(machine.IsIdle);
        var slow = new Slow();
        VmBusChannel channel = await machine.OpenAsync(slow, cancellationToken: Token);
        await machine.UntilAsync(() => machine.IsIdle, Token);

        // It has read the packet, and waits for something else.
        Assert.True(channel.TrySend("one"u8, Urgency.Urgent));
        await slow.Read.Task.WaitAsync(Patience.Limit, Token);
        Assert.False(machine.IsIdle);
        slow.Done.SetResult();
        await machine.UntilAsync(() => machine.IsIdle, Token);

        await channel.CloseAsync(Token);
        await machine.UntilAsync(() => machine.IsIdle, Token);
    }

    [Fact]
    public async Task The_clock_rests_while_a_condition_is_awaited_and_the_wait_ends()
    {
        await using var machine = new SteppedMachine { Patience = TimeSpan.FromMilliseconds(50) };
        DateTimeOffset before = machine.Clock.GetUtcNow();
        TimeoutException ended = await Assert.ThrowsAsync<TimeoutException>(() => machine.UntilAsync(() => false, Token));
        Assert.Contains("after 0.1 s", ended.Message, StringComparison.Ordinal);
        Assert.Equal(before, machine.Clock.GetUtcNow());

        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => machine.AdvanceUntilAsync(
            () =>
            {
                stop.Cancel();
                return false;
            },
            TimeSpan.FromSeconds(1), stop.Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => machine.AdvanceUntilAsync(() => true, TimeSpan.FromTicks(-1), Token));
    }

    private sealed class Counter : IChannelDevice
    {
        private int _packets;

        public int Packets => Volatile.Read(ref _packets);

        public async Task ServeAsync(DeviceContext context, CancellationToken closing)
        {
            await foreach (ReceivedPacket _ in context.Channel.ReadAllAsync(closing))
                Interlocked.Increment(ref _packets);
        }
    }

    private sealed class Slow : IChannelDevice
    {
        public TaskCompletionSource Read { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task ServeAsync(DeviceContext context, CancellationToken closing)
        {
            await foreach (ReceivedPacket _ in context.Channel.ReadAllAsync(closing))
            {
                Read.SetResult();
                await Done.Task.WaitAsync(closing);
            }
        }
    }

    private sealed class Endless : IChannelDevice
    {
        public Task ServeAsync(DeviceContext context, CancellationToken closing) => new TaskCompletionSource().Task;
    }
}
