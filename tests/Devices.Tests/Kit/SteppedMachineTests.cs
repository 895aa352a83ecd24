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

        // A device that is not asleep yet finds the message without a signal, and nothing was measured.
        TimeSpan passed = TimeSpan.Zero;
        int sent = 0;
        while (passed == TimeSpan.Zero)
        {
            Assert.True(sent < 1000, "No message waited for the clock.");
            Assert.True(channel.TrySend("one"u8));
            sent++;
            passed = await machine.AdvanceUntilAsync(() => counter.Packets == sent, TimeSpan.FromMicroseconds(50), Token);
        }
        // A message waits from nothing to a window, which is at most twice the hint; never with the clock at rest.
        Assert.InRange(passed, TimeSpan.FromMicroseconds(50), TimeSpan.FromMicroseconds(200));

        Assert.True(channel.TrySend("two"u8, Urgency.Urgent));
        await machine.UntilAsync(() => counter.Packets == sent + 1, Token);
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
}
