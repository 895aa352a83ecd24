// A guest and a host in this process, a channel between them, and the switch: the same messages monitored, at low
// latency, and marked urgent on a monitored channel. Run it with: dotnet run -c Release --project samples/LowLatencySwitch

using System.Diagnostics;
using VmBus;
using VmBus.Hosting;
using VmBus.InMemory;

await using var machine = new InMemoryMachine();

// The host offers a channel that the guest may signal by monitor: a look at its bit every 100 µs.
var offer = new HostOffer(new Guid("0f1c9d5e-7a3b-4c88-b1aa-6f2f6f3a9c01"), Guid.NewGuid()) { MonitorLatency = TimeSpan.FromMicroseconds(100) };
await machine.Host.OfferAsync(offer, new Echo());

// The guest connects, finds the channel and opens it.
await using VmBusChannel guest = await machine.OpenAsync(offer);

Measure("monitored", SignalMode.Monitored, Urgency.Normal);
Measure("low latency", SignalMode.LowLatency, Urgency.Normal);
Measure("monitored, urgent", SignalMode.Monitored, Urgency.Urgent);

void Measure(string name, SignalMode mode, Urgency urgency)
{
    guest.SignalMode = mode;  // takes effect at the next message; may be set while traffic flows
    byte[] payload = new byte[64];
    double[] microseconds = new double[2000];
    for (int i = 0; i < microseconds.Length; i++)
    {
        long start = Stopwatch.GetTimestamp();
        guest.TrySend(payload, urgency);
        guest.WaitToRead(Timeout.InfiniteTimeSpan);
        using (ChannelReadBatch batch = guest.ReadBatch())
        {
            while (batch.TryNext(out _))
                microseconds[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            batch.Commit();
        }
    }

    Array.Sort(microseconds);
    ChannelStatistics counted = guest.GetStatistics();
    Console.WriteLine($"{name,-18} round trip p50 {microseconds[1000],6:F1} us, p99 {microseconds[1980],6:F1} us; so far {counted.MonitoredSignals} signals monitored, {counted.Hypercalls} hypercalls");
}

/// <summary>The host's device: answers each message with its own payload until the guest closes the channel.</summary>
internal sealed class Echo : IChannelDevice
{
    public Task ServeAsync(DeviceContext context, CancellationToken closing) => Task.Factory.StartNew(() => Serve(context.Channel), TaskCreationOptions.LongRunning);

    private static void Serve(VmBusChannel host)
    {
        while (host.WaitToRead(Timeout.InfiniteTimeSpan))      // false: the guest has closed the channel
        {
            using ChannelReadBatch batch = host.ReadBatch();
            while (batch.TryNext(out RingPacket packet))
                host.TrySend(packet.Payload);
            batch.Commit();
        }
    }
}
