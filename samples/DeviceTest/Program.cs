// A test of a device without a VM and without waiting: time passes only when the test says so, so a message that is left to
// the monitor page arrives exactly when the hypervisor looks at it. Run it with: dotnet run -c Release --project samples/DeviceTest

using VmBus;
using VmBus.Hosting;
using VmBus.Testing;

var counter = new Counter();
await using var machine = new SteppedMachine();
await using VmBusChannel channel = await machine.OpenAsync(counter);    // a channel with a monitor of 100 µs

channel.SignalMode = SignalMode.Monitored;
await machine.UntilAsync(() => machine.IsIdle);                         // the device sleeps: only a signal wakes it
channel.TrySend("one"u8);
channel.TrySend("two"u8);
Console.WriteLine($"{counter.Packets} packets before the hypervisor has looked at the monitor page");

machine.Clock.Advance(TimeSpan.FromMicroseconds(200));                  // the hypervisor looks: a window is at most twice the hint
await machine.UntilAsync(() => counter.Packets == 2);
Console.WriteLine($"{counter.Packets} packets 200 µs later");

channel.TrySend("three"u8, Urgency.Urgent);
await machine.UntilAsync(() => counter.Packets == 3);
Console.WriteLine($"{counter.Packets} packets with the clock at rest: an urgent message does not wait");

await channel.CloseAsync();
Console.WriteLine("passed");

/// <summary>The device under test: counts what comes.</summary>
internal sealed class Counter : IChannelDevice
{
    private int _packets;

    public int Packets => Volatile.Read(ref _packets);

    public async Task ServeAsync(DeviceContext context, CancellationToken closing)
    {
        await foreach (ReceivedPacket _ in context.Channel.ReadAllAsync(closing))
            Interlocked.Increment(ref _packets);
    }
}
