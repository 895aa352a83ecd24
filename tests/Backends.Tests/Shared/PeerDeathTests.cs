using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.InMemory;

namespace VmBus.Backends.Tests.Shared;

// Two processes, one of which is killed (SIGKILL) or simply ends: all that it had committed is read, then its end is told.
[SupportedOSPlatform("linux")]
public class PeerDeathTests
{
    [Theory]
    [InlineData(SignalMode.Monitored, 1)]
    [InlineData(SignalMode.Monitored, 30_000)]
    [InlineData(SignalMode.LowLatency, 1)]
    [InlineData(SignalMode.LowLatency, 30_000)]
    [InlineData(SignalMode.Adaptive, 30_000)]
    public void A_guest_killed_in_mid_stream_leaves_what_it_had_committed(SignalMode mode, int killAfter)
    {
        using PeerProcess guest = new(isHost: false, PeerProcess.Endless, PeerEnd.Waits, mode);
        using SharedHost host = SharedHost.Offer(guest.Socket);

        long read = Read(host.Channel, 0, killAfter);
        guest.Kill();
        read = ReadToTheEnd(host.Channel, read, "guest");

        Assert.InRange(read, Math.Max(guest.Committed, killAfter), guest.Committed + 1);
    }

    [Fact]
    public void A_guest_killed_while_the_host_reads_leaves_what_it_had_committed()
    {
        using PeerProcess guest = new(isHost: false, 1000, PeerEnd.Waits);
        using SharedHost host = SharedHost.Offer(guest.Socket);
        Background.Until(() => guest.Committed == 1000, "the guest has sent");
        Assert.True(host.Channel.WaitToRead(Patience.Limit));
        long read = 0;

        using (ChannelReadBatch batch = host.Channel.ReadBatch())
        {
            Check(batch.TryNext(out RingPacket first), first, read++);
            guest.Kill();
            while (batch.TryNext(out RingPacket packet))
                Check(true, packet, read++);
            batch.Commit();
        }

        Assert.Equal(ChannelState.Open, host.Channel.State);
        Assert.Equal(1000, ReadToTheEnd(host.Channel, read, "guest"));
    }

    [Theory]
    [InlineData(PeerEnd.Exits, 0)]
    [InlineData(PeerEnd.Exits, 500)]
    [InlineData(PeerEnd.Closes, 500)]
    public void A_guest_that_ends_leaves_what_it_had_committed(PeerEnd end, int count)
    {
        using PeerProcess guest = new(isHost: false, count, end);
        using SharedHost host = SharedHost.Offer(guest.Socket);
        guest.WaitForExit();

        Assert.Equal(count, ReadToTheEnd(host.Channel, 0, "guest"));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task A_peer_killed_while_the_other_waits_for_data_ends_the_wait(bool killHost, bool asynchronous)
    {
        using PeerProcess peer = new(isHost: killHost, 3, PeerEnd.Waits);
        using Opened opened = new(peer, killHost);
        VmBusChannel channel = opened.Channel;
        long read = Read(channel, 0, 3);

        Task<bool> waiting = asynchronous
            ? channel.WaitToReadAsync().AsTask()
            : Task.Factory.StartNew(() => channel.WaitToRead(Timeout.InfiniteTimeSpan), TaskCreationOptions.LongRunning);
        Assert.False(waiting.IsCompleted);
        peer.Kill();

        Assert.False(await waiting.WaitAsync(Patience.Limit));
        Assert.Equal(3, ReadToTheEnd(channel, read, killHost ? "host" : "guest"));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task A_peer_killed_while_the_other_waits_for_room_ends_the_wait_and_its_packets_stay(bool killHost, bool asynchronous)
    {
        using PeerProcess peer = new(isHost: killHost, 100, PeerEnd.Waits);
        using Opened opened = new(peer, killHost);
        VmBusChannel channel = opened.Channel;
        Background.Until(() => peer.Committed == 100, "the peer has sent");
        while (channel.TrySend(new byte[64]))
        {
        }

        Task<bool> waiting = asynchronous
            ? channel.WaitToWriteAsync(64).AsTask()
            : Task.Factory.StartNew(() => channel.WaitToWrite(64, Timeout.InfiniteTimeSpan), TaskCreationOptions.LongRunning);
        Assert.False(waiting.IsCompleted);
        peer.Kill();

        Assert.False(await waiting.WaitAsync(Patience.Limit));
        Assert.Contains(killHost ? "host" : "guest", channel.DisconnectReason, StringComparison.Ordinal);
        Assert.False(channel.TrySend(new byte[8]));
        Assert.Equal(ChannelState.Disconnected, channel.State);
        Assert.Equal(100, ReadToTheEnd(channel, 0, killHost ? "host" : "guest"));
    }

    [Fact]
    public void A_host_killed_in_mid_stream_leaves_what_it_had_committed()
    {
        using PeerProcess host = new(isHost: true, PeerProcess.Endless, PeerEnd.Waits);
        using SharedGuest guest = SharedGuest.Connect(host.Socket);

        long read = Read(guest.Channel, 0, 10_000);
        host.Kill();
        read = ReadToTheEnd(guest.Channel, read, "host");

        Assert.InRange(read, Math.Max(host.Committed, 10_000), host.Committed + 1);
    }

    [Fact]
    public void A_killed_peer_leaves_nothing_open_on_this_side()
    {
        OpenResources before = OpenResources.Count();
        A_host_killed_in_mid_stream_leaves_what_it_had_committed();
        A_guest_killed_in_mid_stream_leaves_what_it_had_committed(SignalMode.Adaptive, 100);
        before.AssertUnchanged();
    }

    // At any packet, in any mode, either end, with traffic both ways. VMBUS_CHAOS_KILLS=600 for a long run.
    [Fact]
    public void Killed_at_any_moment_a_peer_leaves_what_it_had_committed_and_nothing_else()
    {
        int kills = int.Parse(Environment.GetEnvironmentVariable("VMBUS_CHAOS_KILLS") ?? "12", CultureInfo.InvariantCulture);
        int seed = Environment.TickCount;
        var random = new Random(seed);
        OpenResources before = OpenResources.Count();
        long packets = 0;
        for (int kill = 0; kill < kills; kill++)
        {
            bool isHost = kill % 2 == 0;
            int killAfter = random.Next(3000);
            using PeerProcess peer = new(isHost, PeerProcess.Endless, PeerEnd.Waits, (SignalMode)(kill % 3));
            using Opened opened = new(peer, isHost);
            long read = 0;
            while (read < killAfter)
            {
                opened.Channel.TrySend(new byte[random.Next(200)]);
                read = Read(opened.Channel, read, 1);
            }

            Thread.SpinWait(random.Next(10_000));
            peer.Kill();
            read = ReadToTheEnd(opened.Channel, read, isHost ? "host" : "guest");
            Assert.True(read >= Math.Max(peer.Committed, killAfter) && read <= peer.Committed + 1,
                $"Kill {kill} of seed {seed}, the {(isHost ? "host" : "guest")} after {killAfter}: {read} read, {peer.Committed} committed.");
            Assert.False(opened.Channel.TrySend([1]));
            packets += read;
        }

        before.AssertUnchanged();
        TestContext.Current.TestOutputHelper?.WriteLine($"{kills} kills, {packets} packets, seed {seed}: nothing lost, nothing left.");
    }

    // Reads at least this many more packets.
    private static long Read(VmBusChannel channel, long next, long atLeast)
    {
        long end = next + atLeast;
        while (next < end)
        {
            Assert.True(channel.WaitToRead(Patience.Limit), $"Packet {next} did not arrive.");
            next = ReadAll(channel, next);
        }
        return next;
    }

    private static long ReadToTheEnd(VmBusChannel channel, long next, string peer)
    {
        while (channel.WaitToRead(Patience.Limit))
            next = ReadAll(channel, next);
        Assert.Contains($"The {peer} process is gone", channel.DisconnectReason, StringComparison.Ordinal);
        Assert.Equal(ChannelState.Disconnected, channel.State);
        Assert.False(channel.Incoming.HasPackets);
        Assert.False(channel.WaitToRead(Timeout.InfiniteTimeSpan));
        return next;
    }

    private static long ReadAll(VmBusChannel channel, long next)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        while (batch.TryNext(out RingPacket packet))
            Check(true, packet, next++);
        batch.Commit();
        return next;
    }

    private static void Check(bool found, RingPacket packet, long expected)
    {
        if (!found || MemoryMarshal.Read<long>(packet.Payload) != expected)
            Assert.Fail($"Packet {expected} did not come next.");
    }

    private sealed class Opened : IDisposable
    {
        private readonly IDisposable _end;

        public Opened(PeerProcess peer, bool peerIsHost)
        {
            if (peerIsHost)
            {
                SharedGuest guest = SharedGuest.Connect(peer.Socket);
                (_end, Channel) = (guest, guest.Channel);
            }
            else
            {
                SharedHost host = SharedHost.Offer(peer.Socket);
                (_end, Channel) = (host, host.Channel);
            }
        }

        public VmBusChannel Channel { get; }

        public void Dispose() => _end.Dispose();
    }
}
