// A test of a device without a VM and without waiting: time passes only when the test says so, so a message that is left to
// the monitor page arrives exactly when the hypervisor looks at it. Run it with: dotnet run -c Release --project samples/DeviceTest

using Microsoft.Extensions.Time.Testing;
using VmBus;
using VmBus.Hosting;
using VmBus.InMemory;

var time = new FakeTimeProvider();
var counter = new Counter();
var offer = new HostOffer(new Guid("4f1d2d1c-5f0a-4c5e-9a54-5d4b52b1a003"), Guid.NewGuid()) { MonitorLatency = TimeSpan.FromMicroseconds(100) };

await using var machine = new InMemoryMachine(new() { Clock = time });
await machine.Host.OfferAsync(offer, counter);
await using VmBusChannel channel = await machine.OpenAsync(offer);

channel.SignalMode = SignalMode.Monitored;
channel.TrySend("one"u8);
channel.TrySend("two"u8);
Expect(0, "before the hypervisor has looked at the monitor page");

time.Advance(TimeSpan.FromMicroseconds(100));
await counter.Reached(2);
Expect(2, "after it has");

channel.TrySend("three"u8, Urgency.Urgent);
await counter.Reached(3);
Expect(3, "an urgent message does not wait");

await channel.CloseAsync();
Console.WriteLine("passed");

void Expect(int packets, string when)
{
    if (counter.Packets != packets)
        throw new InvalidOperationException($"The device has {counter.Packets} packets {when}; it should have {packets}.");
    Console.WriteLine($"{packets} packets {when}");
}

/// <summary>The device under test: counts what comes.</summary>
internal sealed class Counter : IChannelDevice
{
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Packets { get; private set; }

    public async Task ServeAsync(DeviceContext context, CancellationToken closing)
    {
        await foreach (ReceivedPacket _ in context.Channel.ReadAllAsync(closing))
        {
            Packets++;
            Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }

    /// <summary>Waits until so many have come.</summary>
    public async Task Reached(int packets)
    {
        while (true)
        {
            Task next = _next.Task;
            if (Packets >= packets)
                return;
            await next;
        }
    }
}
