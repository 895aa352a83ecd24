using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Backends.Tests.InMemory;
using VmBus.InMemory;
using VmBus.Interop;

namespace VmBus.Backends.Tests.Shared;

[SupportedOSPlatform("linux")]
public class SharedChannelTests
{
    [Theory]
    [InlineData(SignalMode.Monitored)]
    [InlineData(SignalMode.LowLatency)]
    [InlineData(SignalMode.Adaptive)]
    public void Packets_travel_both_ways_in_every_mode(SignalMode mode)
    {
        using SharedPair pair = new(new SharedChannelOptions { RingSize = 8192 });
        pair.Guest.Channel.SignalMode = mode;
        pair.Host.Channel.SignalMode = mode;

        Background toHost = Background.Run(() => ChannelTraffic.Send(pair.Guest.Channel, 0, 20_000));
        Background toGuest = Background.Run(() => ChannelTraffic.Send(pair.Host.Channel, 0, 20_000));
        Background atGuest = Background.Run(() => ChannelTraffic.Receive(pair.Guest.Channel, 0, 20_000));
        ChannelTraffic.Receive(pair.Host.Channel, 0, 20_000);

        toHost.Join();
        toGuest.Join();
        atGuest.Join();
        Assert.Equal(mode == SignalMode.LowLatency ? EffectiveSignal.Hypercall : EffectiveSignal.Monitored, mode == SignalMode.Adaptive ? EffectiveSignal.Monitored : pair.Guest.Channel.Signaler.EffectiveMode);
        Assert.Equal(EffectiveSignal.Hypercall, pair.Host.Channel.Signaler.EffectiveMode);
        Assert.Equal(ChannelState.Open, pair.Host.Channel.State);
        Assert.Equal(0, pair.Guest.Channel.GetStatistics().Signals.Failed);
    }

    [Fact]
    public void Both_ends_have_a_name_in_metrics()
    {
        using var pair = new SharedPair();
        Assert.Equal("guest", pair.Guest.Channel.Identity!.End);
        Assert.Equal(pair.Guest.Channel.Identity with { End = "host" }, pair.Host.Channel.Identity);
        Assert.Equal("shared", pair.Host.Channel.Identity!.DeviceClass);
    }

    [Fact]
    public void Sockets_of_any_origin_carry_the_offer_by_their_descriptors()
    {
        string path = Path.Combine(Path.GetTempPath(), $"vmbus-{Guid.NewGuid():n}");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        using Socket theirs = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        theirs.Connect(new UnixDomainSocketEndPoint(path));
        using Socket ours = listener.Accept();

        using SharedHost host = SharedHost.Offer(TestLibc.Duplicate((int)ours.Handle), new SharedChannelOptions { Trust = PeerTrust.Trusted });
        using SharedGuest guest = SharedGuest.Connect(TestLibc.Duplicate((int)theirs.Handle));

        Assert.True(guest.Channel.TrySend("hello"u8));
        Assert.True(host.Channel.WaitToRead(Patience.Limit));
        using ChannelReadBatch batch = host.Channel.ReadBatch();
        Assert.True(batch.TryNext(out RingPacket packet));
        Assert.Equal("hello\0\0\0"u8, packet.Payload);

        File.Delete(path);
    }

    [Theory]
    [InlineData(SignalMode.Monitored, 0)]
    [InlineData(SignalMode.LowLatency, 0)]
    [InlineData(SignalMode.Monitored, 50)]
    [InlineData(SignalMode.LowLatency, 50)]
    public void Every_round_trip_comes_back(SignalMode mode, int spinMicroseconds)
    {
        const int Trips = 300;
        using SharedPair pair = new(new SharedChannelOptions { SpinBudget = TimeSpan.FromMicroseconds(spinMicroseconds) });
        VmBusChannel guest = pair.Guest.Channel;
        guest.SignalMode = mode;

        Background host = Background.Run(() =>
        {
            for (int trip = 0; trip < Trips; trip++)
            {
                ChannelTraffic.Receive(pair.Host.Channel, trip, 1);
                ChannelTraffic.Send(pair.Host.Channel, trip, 1);
            }
        });
        for (int trip = 0; trip < Trips; trip++)
        {
            ChannelTraffic.Send(guest, trip, 1);
            ChannelTraffic.Receive(guest, trip, 1);
        }
        host.Join();

        SignalStatistics signals = guest.GetStatistics().Signals;
        Assert.True(mode == SignalMode.Monitored ? signals.Hypercalls == 0 : signals.Monitored == 0, signals.ToString());
        // One side alone may never have slept: on a single processor the signal lets the other side answer first.
        Assert.InRange(guest.GetStatistics().Wakeups + pair.Host.Channel.GetStatistics().Wakeups, 1, 2 * Trips);
    }

    [Theory]
    [InlineData(SignalMode.Monitored)]
    [InlineData(SignalMode.LowLatency)]
    public async Task An_asynchronous_wait_ends_with_a_packet(SignalMode mode)
    {
        using SharedPair pair = new(SharedPair.Sleepy);
        pair.Guest.Channel.SignalMode = mode;
        for (int number = 0; number < 20; number++)
        {
            Task waiting = pair.Host.Channel.WaitToReadAsync().AsTask();
            Assert.False(waiting.IsCompleted);
            ChannelTraffic.Send(pair.Guest.Channel, number, 1);
            await waiting.WaitAsync(Patience.Limit);
            ChannelTraffic.Receive(pair.Host.Channel, number, 1);

            waiting = pair.Guest.Channel.WaitToReadAsync().AsTask();
            Assert.False(waiting.IsCompleted);
            ChannelTraffic.Send(pair.Host.Channel, number, 1);
            await waiting.WaitAsync(Patience.Limit);
            ChannelTraffic.Receive(pair.Guest.Channel, number, 1);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_writer_that_waits_for_room_is_woken(bool fromHost)
    {
        using SharedPair pair = new(SharedPair.Sleepy with { RingSize = 4096 });
        (VmBusChannel writer, VmBusChannel reader) = fromHost ? (pair.Host.Channel, pair.Guest.Channel) : (pair.Guest.Channel, pair.Host.Channel);
        long sent = Fill(writer);
        Task waiting = writer.WaitToWriteAsync(8).AsTask();
        Assert.False(waiting.IsCompleted);

        ChannelTraffic.Receive(reader, 0, sent);

        await waiting.WaitAsync(Patience.Limit);
        ChannelTraffic.Send(writer, sent, 1);
        ChannelTraffic.Receive(reader, sent, 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_wait_ends_and_the_next_one_works(bool asynchronous)
    {
        using SharedPair pair = new(SharedPair.Sleepy);
        VmBusChannel host = pair.Host.Channel;
        for (int number = 0; number < 5; number++)
        {
            using CancellationTokenSource source = new();
            Task waiting = asynchronous
                ? host.WaitToReadAsync(source.Token).AsTask()
                : Task.Factory.StartNew(() => host.WaitToRead(Timeout.InfiniteTimeSpan, source.Token), TaskCreationOptions.LongRunning);
            source.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience.Limit));
            Assert.ThrowsAny<OperationCanceledException>(() => host.WaitToRead(Patience.Limit, source.Token));

            waiting = host.WaitToReadAsync().AsTask();
            ChannelTraffic.Send(pair.Guest.Channel, number, 1);
            await waiting.WaitAsync(Patience.Limit);
            ChannelTraffic.Receive(host, number, 1);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(5_000)]
    public void A_wait_whose_time_is_up_says_so_and_the_next_one_works(int microseconds)
    {
        using SharedPair pair = new();
        TimeSpan timeout = TimeSpan.FromMicroseconds(microseconds);
        for (int number = 0; number < 5; number++)
        {
            Assert.False(pair.Host.Channel.WaitToRead(timeout));
            Assert.False(pair.Guest.Channel.WaitToRead(timeout));
            ChannelTraffic.Send(pair.Guest.Channel, number, 1);
            ChannelTraffic.Receive(pair.Host.Channel, number, 1);
            ChannelTraffic.Send(pair.Host.Channel, number, 1);
            ChannelTraffic.Receive(pair.Guest.Channel, number, 1);
        }
    }

    // Nothing but the length of a window bounds this from below, so a slow machine cannot break it.
    [Fact]
    public void The_scan_honours_the_latency_hint_the_guest_writes()
    {
        using SharedPair pair = new();
        ChannelSignaler signaler = pair.Guest.Channel.Signaler;
        Assert.Equal(TimeSpan.FromMicroseconds(100), signaler.LatencyHint);
        TimeSpan longest = TimeSpan.FromTicks(ushort.MaxValue);
        long Windows() => pair.Host.ScanLateness.Examinations + pair.Host.ScanLateness.Missed;
        Background.Until(() => Windows() > 50, "windows of 100 µs");

        signaler.SetLatencyHint(longest);
        // The window under way still has the old length, and however late it ends, lateness is counted in that length.
        long examined = pair.Host.ScanLateness.Examinations;
        Background.Until(() => pair.Host.ScanLateness.Examinations >= examined + 2, "a window begun after the hint");
        long before = Windows();
        long started = System.Diagnostics.Stopwatch.GetTimestamp();
        Background.Until(() => Windows() - before >= 22, "22 long windows");
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(started) >= 20 * longest, "The windows were shorter than the hint.");

        signaler.SetLatencyHint(TimeSpan.FromMicroseconds(100));
        before = Windows();
        started = System.Diagnostics.Stopwatch.GetTimestamp();
        Background.Until(
            () =>
            {
                TimeSpan elapsed = System.Diagnostics.Stopwatch.GetElapsedTime(started);
                long windows = Windows() - before;
                if (windows > 20 + 4 * (elapsed / longest))
                    return true;

                // A machine that had no time for the scan tells nothing of its windows: look at the next stretch.
                if (elapsed > 10 * longest)
                {
                    before = Windows();
                    started = System.Diagnostics.Stopwatch.GetTimestamp();
                }

                return false;
            },
            "short windows again");
    }

    [Fact]
    public void Bytes_that_nobody_reads_from_the_socket_do_not_keep_a_wait_busy()
    {
        using SharedPair pair = new(SharedPair.Sleepy);
        pair.Host.Socket.Send([1, 2, 3]);
        TimeSpan wait = TimeSpan.FromSeconds(1);
        Assert.False(pair.Guest.Channel.WaitToRead(TimeSpan.FromMilliseconds(1))); // compiles what is measured

        ResourceUsage before = ResourceUsage.OfThread();
        Assert.False(pair.Guest.Channel.WaitToRead(wait));
        ResourceUsage used = ResourceUsage.OfThread() - before;

        // Asleep it takes microseconds. On a busy machine even a waiter that never sleeps gets a small share only.
        Assert.True(used.UserTime + used.SystemTime < wait / 50, $"A wait of {wait} kept its processor busy: {used}.");
    }

    [Fact]
    public async Task Disposing_an_end_ends_a_wait_under_way_before_the_memory_goes()
    {
        for (int round = 0; round < 200; round++)
        {
            SharedPair pair = new(round % 2 == 0 ? SharedPair.Sleepy : new() { SpinBudget = TimeSpan.FromMilliseconds(5) });
            Task<bool> host = pair.Host.Channel.WaitToReadAsync().AsTask();
            Task<bool> guest = pair.Guest.Channel.WaitToReadAsync().AsTask();
            Assert.False(host.IsCompleted || guest.IsCompleted);

            pair.Host.Dispose();
            Assert.False(await host.WaitAsync(Patience.Limit));
            Assert.False(await guest.WaitAsync(Patience.Limit));
            Assert.Equal(ChannelState.Disconnected, pair.Guest.Channel.State);

            pair.Dispose();
            Assert.Equal(ChannelState.Closed, pair.Guest.Channel.State);
            Assert.Throws<ObjectDisposedException>(() => pair.Host.Channel.WaitToRead(TimeSpan.Zero));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void Who_only_looks_learns_of_the_peers_end_too(int microseconds)
    {
        using SharedPair pair = new();
        ChannelTraffic.Send(pair.Host.Channel, 0, 3);
        pair.Host.Dispose();

        ChannelTraffic.Receive(pair.Guest.Channel, 0, 3);
        Assert.False(pair.Guest.Channel.WaitToRead(TimeSpan.FromMicroseconds(microseconds)));

        Assert.Contains("host", pair.Guest.Channel.DisconnectReason, StringComparison.Ordinal);
        Assert.Equal(ChannelState.Disconnected, pair.Guest.Channel.State);
    }

    [Fact]
    public void Every_relid_and_monitor_at_the_edges_works()
    {
        foreach ((int relid, int monitor) in ((int, int)[])[(1, 0), (63, 31), (64, 32), (2047, 127)])
        {
            using SharedPair pair = new(SharedPair.Sleepy with { ChildRelid = relid, MonitorId = monitor, RingSize = 4096 }, PeerTrust.Untrusted);
            Background send = Background.Run(() => ChannelTraffic.Send(pair.Guest.Channel, 0, 500));
            ChannelTraffic.Receive(pair.Host.Channel, 0, 500);
            send.Join();
        }
    }

    private static long Fill(VmBusChannel channel)
    {
        long number = 0;
        while (channel.TrySend(MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in number))))
            number++;
        return number;
    }
}
