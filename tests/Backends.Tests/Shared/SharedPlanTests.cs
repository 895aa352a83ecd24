using System.Buffers.Binary;
using System.Runtime.Versioning;
using VmBus.Backends.Tests.InMemory;
using VmBus.InMemory;
using VmBus.Interop;

namespace VmBus.Backends.Tests.Shared;

// A host that offers something else than a channel: the guest refuses, says why, and keeps nothing.
[SupportedOSPlatform("linux")]
public class SharedPlanTests
{
    private const int Version = 4, RingSize = 8, Relid = 12, MonitorId = 16, SpinTicks = 24, Start = 32;

    // Two pipes, two memories and the event that ends waits come before it.
    private const int ScanThreadStep = 5;

    private static readonly SharedChannelPlan Valid = new(0, 4096, 1, 0, 0, AdaptiveSpin: true);

    [Fact]
    public void The_valid_plan_is_taken() => Assert.Null(Refusal(Message(), ["memory", "pipe", "pipe"]));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_plan_is_read_as_it_was_written(bool adaptiveSpin)
    {
        SharedChannelPlan plan = new(8192, 65536, 7, 9, 1234, adaptiveSpin);
        byte[] message = new byte[SharedChannelPlan.MessageLength];
        plan.WriteTo(message);
        Assert.Equal(plan, SharedChannelPlan.ReadFrom(message));
    }

    // Also where the memory is larger than the channel.
    [Theory]
    [InlineData(8)]
    [InlineData(2048)]
    [InlineData(4095)]
    public void A_plan_begins_at_a_page(long start)
    {
        byte[] message = new byte[SharedChannelPlan.MessageLength];
        new SharedChannelPlan(start, 4096, 1, 0, 0, false).WriteTo(message);
        Assert.Contains($"begins at {start}", Assert.Throws<InvalidDataException>(() => SharedChannelPlan.ReadFrom(message)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(Version, 0)]
    [InlineData(Version, 1)]
    [InlineData(Version, 3)]
    [InlineData(RingSize, 0)]
    [InlineData(RingSize, -4096)]
    [InlineData(RingSize, 4095)]
    [InlineData(RingSize, 4104)]
    [InlineData(RingSize, 8192)] // more than the memory has
    [InlineData(RingSize, 1 << 30)]
    [InlineData(RingSize, int.MaxValue)]
    [InlineData(RingSize, int.MinValue)]
    [InlineData(Relid, 0)]
    [InlineData(Relid, -1)]
    [InlineData(Relid, 2048)]
    [InlineData(MonitorId, -1)]
    [InlineData(MonitorId, 128)]
    [InlineData(SpinTicks, -1L)]
    [InlineData(SpinTicks, 10_000_001L)]
    [InlineData(SpinTicks, long.MaxValue)]
    [InlineData(Start, -4096L)]
    [InlineData(Start, 8L)]
    [InlineData(Start, 4096L)] // one page beyond the end
    [InlineData(Start, long.MaxValue - 4095)]
    [InlineData(Start, long.MaxValue / 2 - 4095)]
    [InlineData(Start, long.MinValue)]
    public void An_impossible_plan_is_refused(int offset, long value)
    {
        byte[] message = Message();
        if (offset >= SpinTicks)
            BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(offset), value);
        else
            BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(offset), (int)value);

        Assert.IsType<InvalidDataException>(Refusal(message, ["memory", "pipe", "pipe"]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(39)]
    public void A_plan_cut_short_is_refused(int length)
        => Assert.IsType<InvalidDataException>(Refusal(Message()[..length], ["memory", "pipe", "pipe"]));

    [Theory]
    [InlineData]
    [InlineData("memory")]
    [InlineData("memory", "pipe")]
    [InlineData("pipe", "memory", "pipe")]
    [InlineData("pipe", "pipe", "memory")]
    [InlineData("memory", "memory", "pipe")]
    [InlineData("memory", "pipe", "memory")]
    [InlineData("memory", "socket", "pipe")]
    [InlineData("socket", "pipe", "pipe")]
    [InlineData("pipe", "pipe", "pipe")]
    [InlineData("unsealed", "pipe", "pipe")]
    [InlineData("small", "pipe", "pipe")]
    [InlineData("file", "pipe", "pipe")]
    [InlineData("memory", "file", "pipe")]
    [InlineData("memory", "pipe", "event")]
    public void Wrong_descriptors_are_refused(params string[] kinds)
        => Assert.IsType<InvalidDataException>(Refusal(Message(), kinds));

    [Fact]
    public void Descriptors_beyond_those_of_a_channel_are_closed()
        => Assert.Null(Refusal(Message(), ["memory", "pipe", "pipe", "pipe", "memory"]));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Rings_with_impossible_indices_are_refused(int ring)
        => Assert.IsType<RingCorruptException>(Refusal(Message(), ["memory", "pipe", "pipe"], corruptRing: ring));

    [Fact]
    public void Whatever_bytes_come_they_are_refused_or_make_a_channel()
    {
        Random random = new(7);
        int refused = 0;
        for (int round = 0; round < 500; round++)
        {
            byte[] message = Message();
            for (int change = random.Next(1, 4); change > 0; change--)
                message[random.Next(message.Length)] = (byte)random.Next(256);
            Exception? refusal = Refusal(message, ["memory", "pipe", "pipe"]);
            Assert.True(refusal is null or InvalidDataException, refusal?.ToString());
            refused += refusal is null ? 0 : 1;
        }
        Assert.InRange(refused, 100, 500);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_host_that_goes_without_an_offer_is_named(bool withUnreadBytes)
    {
        OpenResources before = OpenResources.Count();
        (UnixFdSocket ours, UnixFdSocket theirs) = UnixFdSocket.CreatePair();
        if (withUnreadBytes)
            ours.Send([1]);
        theirs.Dispose();

        PeerDisconnectedException gone = Assert.Throws<PeerDisconnectedException>(() => SharedGuest.Connect(ours));

        Assert.Contains("host", gone.Message, StringComparison.Ordinal);
        Assert.True(ours.IsClosed);
        before.AssertUnchanged();
    }

    [Fact]
    public void Options_out_of_range_are_refused_and_the_socket_is_closed()
    {
        SharedChannelOptions[] wrong =
        [
            new() { RingSize = 0 }, new() { RingSize = 4097 }, new() { RingSize = 1 << 30 },
            new() { ChildRelid = 0 }, new() { ChildRelid = 2048 }, new() { MonitorId = -1 }, new() { MonitorId = 128 },
            new() { MonitorLatency = TimeSpan.Zero }, new() { MonitorLatency = TimeSpan.FromMilliseconds(7) },
            new() { SpinBudget = TimeSpan.FromTicks(-1) }, new() { SpinBudget = SharedChannelOptions.MaxSpinBudget + TimeSpan.FromTicks(1) },
        ];
        OpenResources before = OpenResources.Count();
        foreach (SharedChannelOptions options in wrong)
        {
            (UnixFdSocket ours, UnixFdSocket theirs) = UnixFdSocket.CreatePair();
            Assert.Throws<ArgumentOutOfRangeException>(() => SharedHost.Offer(ours, options));
            Assert.True(theirs.IsPeerClosed());
            theirs.Dispose();
        }
        before.AssertUnchanged();
    }

    [Fact]
    public void The_largest_ring_is_offered_and_taken()
    {
        OpenResources before = OpenResources.Count();
        using (SharedPair pair = new(new SharedChannelOptions { RingSize = SharedChannelOptions.MaxRingSize }))
        {
            ChannelTraffic.Send(pair.Guest.Channel, 0, 1);
            ChannelTraffic.Receive(pair.Host.Channel, 0, 1);
        }
        before.AssertUnchanged();
    }

    [Fact]
    public void An_offer_to_a_guest_that_hung_up_keeps_nothing()
    {
        OpenResources before = OpenResources.Count();
        (UnixFdSocket ours, UnixFdSocket theirs) = UnixFdSocket.CreatePair();
        theirs.Dispose();

        Assert.Contains("guest", Assert.Throws<PeerDisconnectedException>(() => SharedHost.Offer(ours)).Message, StringComparison.Ordinal);

        before.AssertUnchanged();
    }

    // Every step that opens something fails once.
    [Fact]
    public void Whatever_step_lacks_a_descriptor_the_others_are_let_go()
    {
        using (SharedPair warm = new())
            ChannelTraffic.Send(warm.Guest.Channel, 0, 1);
        An_offer_to_a_guest_that_hung_up_keeps_nothing();
        OpenResources before = OpenResources.Count();
        int hostFailures = 0, guestFailures = 0;
        for (int room = 0; room < 16; room++)
        {
            // The runtime itself starts no thread, the scan's, without descriptors to spare.
            if (room is ScanThreadStep or ScanThreadStep + 1)
                continue;
            (UnixFdSocket ours, UnixFdSocket theirs) = UnixFdSocket.CreatePair();
            SharedHost? host = null;
            TestLibc.WithRoomForDescriptors(room, () => host = Try(() => SharedHost.Offer(ours)));
            hostFailures += host is null ? 1 : 0;
            if (host is not null)
            {
                SharedGuest? guest = null;
                for (int guestRoom = room - 8; guest is null && guestRoom < 16; guestRoom++)
                {
                    TestLibc.WithRoomForDescriptors(Math.Max(guestRoom, 0), () => guest = Try(() => SharedGuest.Connect(theirs)));
                    if (guest is null)
                    {
                        guestFailures++;
                        break;
                    }
                }
                guest?.Dispose();
                host.Dispose();
            }
            theirs.Dispose();
            before.AssertUnchanged();
        }
        Assert.InRange(hostFailures, 3, 8);
        Assert.InRange(guestFailures, 1, 8);
    }

    private static T? Try<T>(Func<T> open) where T : class
    {
        try
        {
            return open();
        }
        catch (Exception e) when (e is ErrnoException or InvalidDataException)
        {
            return null;
        }
    }

    private static byte[] Message()
    {
        byte[] message = new byte[SharedChannelPlan.MessageLength];
        Valid.WriteTo(message);
        return message;
    }

    // Sends it and connects; what the guest threw, or null when it made a channel. Nothing may be left in either case.
    private static Exception? Refusal(byte[] message, string[] kinds, int? corruptRing = null)
    {
        OpenResources before = OpenResources.Count();
        Exception? refusal = null;
        {
            (UnixFdSocket ours, UnixFdSocket host) = UnixFdSocket.CreatePair();
            List<int> raw = [];
            List<IDisposable> opened = [];
            int[] descriptors = [.. kinds.Select(kind => Open(kind, raw, opened, corruptRing))];
            host.Send(message, descriptors);
            opened.ForEach(one => one.Dispose());
            raw.ForEach(TestLibc.Close);
            try
            {
                SharedGuest.Connect(ours).Dispose();
            }
            catch (Exception e)
            {
                refusal = e;
            }
            Assert.True(ours.IsClosed);
            host.Dispose();
        }
        before.AssertUnchanged();
        return refusal;
    }

    private static int Open(string kind, List<int> raw, List<IDisposable> opened, int? corruptRing)
    {
        switch (kind)
        {
            case "unsealed":
                raw.Add(TestLibc.CreateUnsealed(Valid.Length));
                return raw[^1];
            case "event":
                EventFd signal = EventFd.Create();
                opened.Add(signal);
                return signal.Descriptor;
            case "pipe":
                SignalPipe pipe = SignalPipe.Create();
                opened.Add(pipe);
                return pipe.Descriptor;
            case "socket":
                (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
                opened.Add(first);
                opened.Add(second);
                return first.Descriptor;
            case "file":
                FileStream file = File.OpenRead("/proc/self/maps");
                opened.Add(file);
                return (int)file.SafeFileHandle.DangerousGetHandle();
            default:
                MemfdHandle memory = MemfdHandle.Create("vmbus-plan", kind == "small" ? Valid.Length - 4096 : Valid.Length);
                opened.Add(memory);
                if (corruptRing is { } ring)
                {
                    using MappedMemory mapped = MappedMemory.Map(memory, ring == 0 ? Valid.GuestToHostOffset : Valid.HostToGuestOffset, 4096);
                    mapped.AsSpan()[..8].Fill(0xFF);
                }
                return memory.Descriptor;
        }
    }
}
