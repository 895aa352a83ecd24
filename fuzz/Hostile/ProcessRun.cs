using System.Diagnostics;
using VmBus.InMemory;

namespace VmBus.Fuzz.Hostile;

/// <summary>
/// Channels to three other processes: an honest one, which echoes; a hostile guest of a channel that this process offers; and a hostile
/// host whose channels this process takes. The hostile ones die and come back.
/// </summary>
internal sealed class ProcessRun(HostileOptions options, RunReport report)
{
    private static readonly TimeSpan LongestLife = TimeSpan.FromSeconds(2);

    private static readonly SharedChannelOptions Channel = new() { RingSize = 16 * 1024, SpinBudget = TimeSpan.Zero, MonitorLatency = TimeSpan.FromMilliseconds(5) };

    private readonly Pace _pace = new(options.Share);

    public static async Task RunAsync(HostileOptions options, RunReport report)
    {
        string folder = Directory.CreateTempSubdirectory("vmbus-hostile-").FullName;
        try
        {
            await new ProcessRun(options, report).RunAsync(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task RunAsync(string folder)
    {
        string honestPath = Path.Combine(folder, "honest"), guestPath = Path.Combine(folder, "guest"), hostPath = Path.Combine(folder, "host");
        var echo = new HonestEcho("the honest process");
        report.Watch(echo);
        using var stop = new CancellationTokenSource();
        using Process honest = PeerRoles.Start("echo", honestPath, options.Seed);
        using SharedHost host = await SharedHost.OfferAsync(honestPath, Channel);
        Task serving = echo.RunAsync(host.Channel, stop.Token);

        var guests = new Slot("offered to the hostile process", report);
        var hosts = new Slot("of the hostile process", report);
        report.Budgets = () => $"{guests}; {hosts}";
        // Each on a thread of its own: what blocks there is seen here.
        Task[] tasks =
        [
            Run(() => ServeAsync(guests, token => SharedHost.OfferAsync(guestPath, Channel, token), static host => host.Channel)),
            Run(() => ServeAsync(hosts, token => SharedGuest.ConnectAsync(hostPath, new() { Trust = PeerTrust.Untrusted }, token), static guest => guest.Channel)),
            Run(() => KeepComingAsync("hostile-guest", guestPath)),
            Run(() => KeepComingAsync("hostile-host", hostPath)),
        ];
        while (!report.IsOver && !serving.IsCompleted)
        {
            report.Check();
            report.FailUnless(guests.Age < options.Patience && hosts.Age < options.Patience, $"a call of a hostile channel does not return: {guests}; {hosts}");
            await Task.Delay(100);
        }

        await stop.CancelAsync();
        await serving.WaitAsync(options.Patience);
        await Task.WhenAll(tasks).WaitAsync(options.Patience);
        report.FailUnless(guests.Lives > 0 && hosts.Lives > 0, "no hostile process came");
        honest.Kill();
        await honest.WaitForExitAsync();

        static Task Run(Func<Task> role) => Task.Factory.StartNew(role, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    // One channel after the other, each for as long as it is good, or its time is over.
    private async Task ServeAsync<TEnd>(Slot slot, Func<CancellationToken, Task<TEnd>> openAsync, Func<TEnd, VmBusChannel> channelOf) where TEnd : IDisposable
    {
        while (!report.IsOver)
        {
            slot.Began("open");
            try
            {
                using var limit = new CancellationTokenSource(LongestLife);
                using TEnd end = await openAsync(limit.Token);
                slot.Began("serve");
                slot.Lives++;
                try
                {
                    Echo(slot, channelOf(end));
                }
                finally
                {
                    slot.Began("dispose");
                }
            }
            catch (Exception ended) when (ended is OperationCanceledException or PeerDisconnectedException or RingCorruptException or InvalidDataException or IOException)
            {
                report.Count($"channels {slot.Name}: {ended.GetType().Name}");
            }

            slot.Began("rest");
            await _pace.KeepAsync();
            slot.Began("rested");
        }
    }

    private void Echo(Slot slot, VmBusChannel channel)
    {
        long started = Stopwatch.GetTimestamp();
        byte[] payload = new byte[Channel.RingSize];
        int turns = 0;
        while (Stopwatch.GetElapsedTime(started) < LongestLife && !report.IsOver)
        {
            if (!channel.WaitToRead(TimeSpan.FromMilliseconds(50)))
            {
                if (channel.State != ChannelState.Open)
                {
                    report.Count($"channels {slot.Name}: {channel.State}");
                    return;
                }

                // A peer may ask for room, and take none of it.
                channel.WaitToWrite(64, TimeSpan.FromMilliseconds(5));
                continue;
            }

            // Every second packet is a signal; a peer that never stops to send is stopped by the limits of a life and of this process.
            channel.SignalMode = ++turns % 2 == 0 ? SignalMode.LowLatency : SignalMode.Adaptive;
            bool took = false;
            using (ChannelReadBatch batch = channel.ReadBatch())
            {
                for (int packets = 0; packets < 64 && batch.TryNext(out RingPacket packet); packets++)
                {
                    took = true;
                    int length = Math.Min(packet.Payload.Length, payload.Length);
                    packet.Payload[..length].CopyTo(payload);
                    slot.Packets++;
                    if (length > Channel.RingSize - 64 || !channel.TrySend(payload.AsSpan(0, length), packet.TransactionId, VmBus.Layout.PacketFlags.None))
                        report.Count($"channels {slot.Name}: echoes without room");
                }

                batch.Commit();
            }

            if (!took || turns % 16 == 0)
                Thread.Sleep(1);
        }

        report.Count($"channels {slot.Name}: whole life");
    }

    private async Task KeepComingAsync(string role, string path)
    {
        var random = new Random(options.Seed);
        for (int life = 0; !report.IsOver; life++)
        {
            using Process peer = PeerRoles.Start(role, path, options.Seed + life);
            using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.Next(2000, 8000)));
            try
            {
                await peer.WaitForExitAsync(limit.Token);
                report.Count($"{role}: ended itself");
            }
            catch (OperationCanceledException)
            {
                peer.Kill();
                await peer.WaitForExitAsync();
                report.Count($"{role}: killed");
            }
        }
    }

    /// <summary>What the channels of one hostile process are at.</summary>
    private sealed class Slot(string name, RunReport report)
    {
        private long _since = Stopwatch.GetTimestamp();
        private volatile string _what = "start";

        public string Name => name;

        public int Lives { get; set; }

        public long Packets { get; set; }

        public TimeSpan Age => Stopwatch.GetElapsedTime(Interlocked.Read(ref _since));

        public void Began(string what)
        {
            long now = Stopwatch.GetTimestamp();
            if (_what == "dispose" && Stopwatch.GetElapsedTime(Interlocked.Read(ref _since), now) > TimeSpan.FromSeconds(1))
                report.Count($"channels {name}: disposes of more than a second");
            _what = what;
            Interlocked.Exchange(ref _since, now);
        }

        public override string ToString() => $"{name}: {Lives} channels, {Packets} packets, in {_what}";
    }
}
