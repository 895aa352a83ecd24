// A guest and a host in this process, a channel between them, and the switch: the same messages monitored, at low
// latency, and marked urgent on a monitored channel. Run it with: dotnet run -c Release --project samples/LowLatencySwitch

using System.Diagnostics;
using VmBus.Backends.InMemory;
using VmBus.Channels;
using VmBus.Rings;
using VmBus.Signals;

using var bus = new InMemoryVmBus();
using InMemoryChannel offer = bus.CreateChannel(new InMemoryChannelOptions { Latency = TimeSpan.FromMicroseconds(100) });
using Channel guest = offer.Guest.Open();
using Channel host = offer.Host.Open();

// The host answers each message with its own payload; an empty one ends it.
var echo = new Thread(() =>
{
    for (bool goesOn = true; goesOn;)
    {
        host.WaitToRead(Timeout.InfiniteTimeSpan);
        using ChannelReadBatch batch = host.ReadBatch();
        while (batch.TryNext(out RingPacket packet))
        {
            goesOn = packet.Payload.Length > 0;
            host.TrySend(packet.Payload);
        }

        batch.Commit();
    }
});
echo.Start();

Measure("monitored", SignalMode.Monitored, Urgency.Normal);
Measure("low latency", SignalMode.LowLatency, Urgency.Normal);
Measure("monitored, urgent", SignalMode.Monitored, Urgency.Urgent);
guest.TrySend([], urgency: Urgency.Urgent);
echo.Join();

void Measure(string name, SignalMode mode, Urgency urgency)
{
    guest.Mode = mode;  // takes effect at the next message; may be set while traffic flows
    byte[] payload = new byte[64];
    double[] microseconds = new double[2000];
    for (int i = 0; i < microseconds.Length; i++)
    {
        long start = Stopwatch.GetTimestamp();
        guest.TrySend(payload, urgency: urgency);
        guest.WaitToRead(Timeout.InfiniteTimeSpan);
        using (ChannelReadBatch batch = guest.ReadBatch())
        {
            while (batch.TryNext(out _))
                microseconds[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            batch.Commit();
        }
    }

    Array.Sort(microseconds);
    SignalStatistics counted = guest.Signaler.GetStatistics();
    Console.WriteLine($"{name,-18} round trip p50 {microseconds[1000],6:F1} us, p99 {microseconds[1980],6:F1} us; so far {counted.Monitored} signals monitored, {counted.Hypercalls} hypercalls");
}
