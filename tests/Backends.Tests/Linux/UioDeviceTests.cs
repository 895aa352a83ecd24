using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Backends.Linux;
using VmBus.Backends.Tests.InMemory;
using VmBus.Backends.Tests.Shared;
using VmBus.Channels;
using VmBus.Interop.Linux;
using VmBus.Rings;
using VmBus.Signals;

namespace VmBus.Backends.Tests.Linux;

// Over the stand-in, which follows the kernel's rules; what a real kernel does is the system test's affair.
[SupportedOSPlatform("linux")]
public sealed class UioDeviceTests : IDisposable
{
    private const int Monitor = 41;

    private readonly OpenResources _before = OpenResources.Count();
    private readonly List<UioStandIn> _standIns = [];

    public static TheoryData<int?, SignalMode> Setups => new(
        from monitor in (int?[])[Monitor, null]
        from mode in Enum.GetValues<SignalMode>()
        select (monitor, mode));

    // Whatever a test has done to it, nothing is left open or mapped.
    public void Dispose()
    {
        foreach (UioStandIn standIn in _standIns)
            standIn.Release();
        _before.AssertUnchanged();
    }

    [Theory]
    [MemberData(nameof(Setups))]
    public void Every_packet_arrives_in_order_in_both_directions(int? monitor, SignalMode mode)
    {
        UioStandIn standIn = Make(monitor);
        using UioDevice device = standIn.Open();
        Channel guest = device.Primary.Channel, host = standIn.Host.Channel;
        guest.Mode = mode;
        const int Packets = 20_000;

        Background[] all =
        [
            Background.Run(() => ChannelTraffic.Send(guest, 0, Packets)),
            Background.Run(() => ChannelTraffic.Send(host, 7, Packets)),
            Background.Run(() => ChannelTraffic.Receive(host, 0, Packets)),
            Background.Run(() => ChannelTraffic.Receive(guest, 7, Packets)),
        ];
        Array.ForEach(all, one => one.Join());

        Assert.Equal((Packets, Packets), (guest.GetStatistics().Outgoing.Published, guest.GetStatistics().Incoming.Packets));
        Assert.Equal(standIn.Host.Interrupts, device.GetStatistics().Interrupts + Pending(device));
        Assert.Equal(standIn.Controls.Count, device.GetStatistics().Signals);
        if (monitor is null)
            Assert.Equal(standIn.Host.Signals.Calls, guest.GetStatistics().Signals.Hypercalls);
        else
            Assert.Equal((0, 0), (standIn.Controls.Count, guest.GetStatistics().Signals.Hypercalls));
    }

    [Fact]
    public void A_monitored_channel_signals_by_its_bit_and_nothing_else()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();

        Assert.True(device.Primary.Channel.TrySend([1, 2, 3]));
        Assert.True(device.Primary.Channel.TrySend([4]));

        Assert.Equal(1u << Monitor % 32, standIn.MonitorPage.Pending(Monitor / 32));
        Assert.Equal(0, standIn.Controls.Count);
        Assert.Equal((1, 0), (device.Primary.Channel.GetStatistics().Signals.Monitored, device.Primary.Channel.GetStatistics().Signals.Hypercalls));
    }

    [Fact]
    public void Low_latency_on_a_monitored_channel_shortens_the_hint_and_says_so()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();
        ChannelSignaler signaler = device.Primary.Channel.Signaler;
        Assert.Equal(SignalCapabilities.Monitor | SignalCapabilities.LatencyHint, signaler.Capabilities);
        Assert.Equal((EffectiveSignal.Monitored, TimeSpan.FromMicroseconds(100)), (signaler.EffectiveMode, signaler.LatencyHint));

        signaler.Mode = SignalMode.LowLatency;

        Assert.Equal(EffectiveSignal.MonitoredShortHint, signaler.EffectiveMode);
        Assert.Equal(ChannelSignaler.ShortHint, standIn.MonitorPage.Latency(Monitor));
        Assert.True(device.Primary.Channel.TrySend([1], urgency: Urgency.Urgent));
        Assert.Equal((0, 1u << Monitor % 32), (standIn.Controls.Count, standIn.MonitorPage.Pending(Monitor / 32)));

        signaler.Mode = SignalMode.Monitored;
        Assert.Equal(1000, standIn.MonitorPage.Latency(Monitor));
    }

    [Fact]
    public void A_channel_without_a_monitor_signals_by_one_control_write_a_signal()
    {
        UioStandIn standIn = Make(null);
        using UioDevice device = standIn.Open();
        Channel guest = device.Primary.Channel;
        Assert.Equal((SignalCapabilities.Hypercall, EffectiveSignal.Hypercall), (guest.Signaler.Capabilities, guest.Signaler.EffectiveMode));

        for (int i = 0; i < 5; i++)
            Assert.True(guest.TrySend([1]));

        Assert.Equal((1, true), standIn.Controls);
        Assert.Equal((1, 0), standIn.Host.Signals);
        Assert.Equal(1, device.GetStatistics().Signals);
    }

    [Fact]
    public void The_kernel_masks_at_open_and_at_each_interrupt_and_a_wait_unmasks()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();
        Assert.Equal(1u, standIn.Host.GuestMask);
        Assert.True(standIn.Host.Channel.TrySend([1]));
        Assert.Equal(0, standIn.Host.Interrupts);      // masked: who opens looks at the ring first

        ReadOne(device.Primary.Channel);
        Assert.False(device.Primary.Channel.WaitToRead(TimeSpan.Zero));
        Assert.Equal(0u, standIn.Host.GuestMask);
        Assert.True(standIn.Host.Channel.TrySend([2]));
        Assert.Equal((1, 1u), (standIn.Host.Interrupts, standIn.Host.GuestMask));
        Assert.True(standIn.Host.Channel.TrySend([3]));
        Assert.Equal(1, standIn.Host.Interrupts);

        ReadOne(device.Primary.Channel);
        ReadOne(device.Primary.Channel);
        Assert.False(device.Primary.Channel.WaitToRead(TimeSpan.Zero));
        Assert.Equal(0u, standIn.Host.GuestMask);
        Assert.Equal(0, standIn.Controls.Count);       // nobody was told that the guest went to sleep
    }

    [Fact]
    public void An_interrupt_wakes_the_waits_of_every_channel()
    {
        UioStandIn standIn = Make(Monitor);
        StandInHost second = standIn.AddSubchannel(90, 42), third = standIn.AddSubchannel(91, null);
        using UioDevice device = standIn.Open();
        UioChannel[] channels = [device.Primary, device.OpenSubchannel(90), device.OpenSubchannel(91)];
        StandInHost[] hosts = [standIn.Host, second, third];
        Assert.Equal([(int?)Monitor, 42, null], channels.Select(channel => channel.MonitorId));
        Assert.Throws<InvalidOperationException>(() => device.OpenSubchannel(90));
        const int Packets = 3_000;

        Background[] all = [.. Enumerable.Range(0, 3).SelectMany(i => (Background[])
        [
            Background.Run(() => ChannelTraffic.Send(hosts[i].Channel, i, Packets)),
            Background.Run(() => ChannelTraffic.Receive(channels[i].Channel, i, Packets)),
            Background.Run(() => ChannelTraffic.Send(channels[i].Channel, -i, Packets)),
            Background.Run(() => ChannelTraffic.Receive(hosts[i].Channel, -i, Packets)),
        ])];
        Array.ForEach(all, one => one.Join());

        Assert.Equal((0, 0), (hosts[0].Signals.Calls, hosts[1].Signals.Calls));
        Assert.True(hosts[2].Signals is { Calls: > 0, Bits: 0 });
    }

    [Fact]
    public async Task A_wait_without_a_thread_is_woken_and_can_be_cancelled()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();
        Channel guest = device.Primary.Channel;
        Task waiting = guest.WaitToReadAsync().AsTask();
        Background.Until(() => standIn.Host.GuestMask == 0, "the wait has unmasked");
        Assert.True(standIn.Host.Channel.TrySend([1]));
        await waiting.WaitAsync(Background.Limit);
        ReadOne(guest);

        using CancellationTokenSource cancel = new();
        waiting = guest.WaitToReadAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Background.Limit));
        Assert.True(standIn.Host.Channel.TrySend([1]));
        Assert.True(guest.WaitToRead(Background.Limit));
    }

    [Fact]
    public void A_rescind_ends_waits_with_an_error_that_says_so_after_what_was_committed()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();
        Channel guest = device.Primary.Channel;
        ChannelTraffic.Send(standIn.Host.Channel, 0, 3);
        standIn.Rescind();

        ChannelTraffic.Receive(guest, 0, 3);
        PeerDisconnectedException error = Assert.Throws<PeerDisconnectedException>(() => guest.WaitToRead(Background.Limit));
        Assert.Contains("EIO", error.Message, StringComparison.Ordinal);
        Assert.Equal(ChannelState.Disconnected, guest.State);
        Assert.True(device.IsGone);
        Assert.Throws<PeerDisconnectedException>(() => guest.WaitToRead(TimeSpan.Zero));
        Assert.Throws<PeerDisconnectedException>(() => device.OpenSubchannel(1));
    }

    [Fact]
    public void A_rescind_wakes_every_sleeper_and_takes_this_side_off_the_memory()
    {
        UioStandIn standIn = Make(Monitor);
        standIn.AddSubchannel(90, 42);
        using UioDevice device = standIn.Open();
        Channel[] channels = [device.Primary.Channel, device.OpenSubchannel(90).Channel];
        int[] threads = [0, 0];
        Background[] sleepers = [.. channels.Select((channel, i) => Background.Run(() =>
        {
            Volatile.Write(ref threads[i], TestLibc.ThreadId());
            Assert.Throws<PeerDisconnectedException>(() => channel.WaitToRead(Timeout.InfiniteTimeSpan));
        }))];
        for (int i = 0; i < 2; i++)
            Background.Until(() => Volatile.Read(ref threads[i]) is var id and not 0 && TestLibc.IsInPoll(id), "the waiter sleeps");

        standIn.Rescind();
        Array.ForEach(sleepers, one => one.Join());

        uint written = standIn.Host.Word(0);
        Assert.True(channels[0].TrySend([1, 2, 3]));
        Assert.Equal((written, 0u), (standIn.Host.Word(0), standIn.MonitorPage.Pending(Monitor / 32)));
    }

    [Fact]
    public void A_signal_to_a_rescinded_device_fails_and_is_counted()
    {
        UioStandIn standIn = Make(null);
        using UioDevice device = standIn.Open();
        standIn.Rescind();

        Assert.True(device.Primary.Channel.TrySend([1]));

        Assert.Equal(1, device.Primary.Channel.GetStatistics().Signals.Failed);
        Assert.True(device.IsGone);
        Assert.Throws<PeerDisconnectedException>(() => device.Primary.Channel.WaitToRead(Background.Limit));
    }

    [Fact]
    public void A_read_that_finds_nothing_after_all_is_no_end()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();
        for (int i = 0; i < 5; i++)
            standIn.Faults.Enqueue(Errno.TryAgain);
        Assert.False(device.Primary.Channel.WaitToRead(TimeSpan.Zero));
        Assert.True(standIn.Host.Channel.TrySend([1]));

        Assert.True(device.Primary.Channel.WaitToRead(Background.Limit));
        Assert.False(device.IsGone);
    }

    [Fact]
    public void A_read_that_fails_in_another_way_ends_waits_too()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();
        Assert.False(device.Primary.Channel.WaitToRead(TimeSpan.Zero));
        standIn.Faults.Enqueue(Errno.InvalidArgument);
        Assert.True(standIn.Host.Channel.TrySend([1]));

        Assert.True(device.Primary.Channel.WaitToRead(Background.Limit));
        ReadOne(device.Primary.Channel);
        Assert.Throws<PeerDisconnectedException>(() => device.Primary.Channel.WaitToRead(Background.Limit));
    }

    [Fact]
    public void A_second_opener_is_kept_out_until_the_first_has_closed()
    {
        UioStandIn standIn = Make(Monitor);
        UioDevice first = standIn.Open();
        Assert.Equal(LinuxGuestError.InUse, Assert.Throws<LinuxGuestException>(() => UioDevice.Open(standIn.Tree.Sysfs, UioStandIn.Instance, null, _ => new SecondOpener())).Error);
        first.Dispose();
        first.Dispose();
        standIn.Open().Dispose();
    }

    [Theory]
    [InlineData(0, "txrx_rings", 0, LinuxGuestError.BadMap)]
    [InlineData(0, "txrx_rings", 8192, LinuxGuestError.BadMap)]
    [InlineData(0, "txrx_rings", 5 * 4096, LinuxGuestError.BadMap)]
    [InlineData(0, "txrx_rings", 100, LinuxGuestError.BadMap)]
    [InlineData(0, "txrx_rings", 1L << 40, LinuxGuestError.BadMap)]
    [InlineData(0, "txrx_rings", 1 << 20, LinuxGuestError.BadMap)]      // announced, but the device has less
    [InlineData(0, "something", 16384, LinuxGuestError.BadMap)]
    [InlineData(2, "monitor_page", 8192, LinuxGuestError.BadMap)]
    [InlineData(2, "monitor", 4096, LinuxGuestError.BadMap)]
    [InlineData(3, "recv:x", 8192, LinuxGuestError.BadContents)]
    [InlineData(4, "send:", 8192, LinuxGuestError.BadContents)]
    [InlineData(3, "recv:7", 100, LinuxGuestError.BadMap)]
    [InlineData(3, "recv:7", 4096, LinuxGuestError.BadMap)]
    public void A_map_that_is_not_as_it_should_be_is_refused_and_nothing_leaks(int index, string name, long size, LinuxGuestError error)
    {
        UioStandIn standIn = Make(Monitor);
        standIn.Announce(index, name, size);

        Assert.Equal(error, Assert.Throws<LinuxGuestException>(() => standIn.Open()).Error);
        standIn.Announce(0, "txrx_rings", 16384);
    }

    [Fact]
    public void Maps_are_found_by_name_and_missing_ones_are_named()
    {
        UioStandIn standIn = Make(Monitor);
        standIn.Announce(3, "recv:925200", 8192);
        standIn.Announce(4, "send:925201", 8192);
        using (UioDevice device = standIn.Open())
        {
            Assert.Equal((925200u, 925201u), (device.ReceiveBuffer!.Gpadl, device.SendBuffer!.Gpadl));
            Assert.Equal(8192, device.ReceiveBuffer.AsSpan().Length);
            Assert.Equal(5, device.Maps.Count);
        }

        standIn.Forget(2);
        Assert.Contains("monitor_page", Assert.Throws<LinuxGuestException>(() => standIn.Open()).Message, StringComparison.Ordinal);
        standIn.Forget(0);
        Assert.Contains("txrx_rings", Assert.Throws<LinuxGuestException>(() => standIn.Open()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 4096u)]
    [InlineData(4, 1u)]
    [InlineData(8192, 0xFFFFFFF8u)]
    [InlineData(8196, 4u)]
    public void A_ring_in_an_impossible_condition_is_refused_at_open_and_nothing_leaks(int word, uint value)
    {
        UioStandIn standIn = Make(Monitor);
        standIn.Host.Word(word) = value;
        Assert.Throws<RingCorruptException>(() => standIn.Open());
        standIn.Host.Word(word) = 0;
        standIn.Open().Dispose();
    }

    [Fact]
    public void Ring_sizes_are_the_kernels()
    {
        foreach (int ring in (int[])[8192, 16384, 2 << 20])
        {
            UioStandIn standIn = Make(Monitor, ring);
            using UioDevice device = standIn.Open();
            Assert.Equal((ring - 4096, ring - 4096), (device.Primary.Channel.Outgoing.DataSize, device.Primary.Channel.Incoming.DataSize));
        }
    }

    [Fact]
    public void A_subchannel_that_cannot_be_opened_says_why_and_leaks_nothing()
    {
        UioStandIn standIn = Make(Monitor);
        standIn.AddSubchannel(90, null);
        standIn.AddSubchannel(91, null);
        using UioDevice device = standIn.Open();
        int live = MappedMemory.LiveCount;

        Assert.Equal(LinuxGuestError.NoDevice, Assert.Throws<LinuxGuestException>(() => device.OpenSubchannel(5)).Error);
        string ring = Assert.Single(standIn.Tree.Sysfs.FindDevice(UioStandIn.Instance)!.Channels, channel => channel.Relid == 90).Path + "/ring";
        using (FileStream file = File.OpenWrite(ring))
            file.SetLength(4096);
        Assert.Equal(LinuxGuestError.BadMap, Assert.Throws<LinuxGuestException>(() => device.OpenSubchannel(90)).Error);
        File.Delete(ring);
        Assert.Equal(LinuxGuestError.BadMap, Assert.Throws<LinuxGuestException>(() => device.OpenSubchannel(90)).Error);
        Assert.Equal(live, MappedMemory.LiveCount);

        device.OpenSubchannel(91).Dispose();
        device.OpenSubchannel(91).Dispose();
        Assert.Equal(live, MappedMemory.LiveCount);
    }

    [Fact]
    public void A_closed_device_ends_a_wait_under_way()
    {
        UioStandIn standIn = Make(Monitor);
        UioDevice device = standIn.Open();
        int thread = 0;
        Background waiter = Background.Run(() =>
        {
            Volatile.Write(ref thread, TestLibc.ThreadId());
            Assert.Throws<ObjectDisposedException>(() => device.Primary.Channel.WaitToRead(Timeout.InfiniteTimeSpan));
        });
        Background.Until(() => Volatile.Read(ref thread) is var id and not 0 && TestLibc.IsInPoll(id), "the waiter sleeps");

        device.Dispose();

        waiter.Join();
    }

    [Theory]
    [InlineData(Errno.AccessDenied, LinuxGuestError.NotPermitted)]
    [InlineData(Errno.NoSuchFile, LinuxGuestError.NoDevice)]
    [InlineData(Errno.NoSuchDevice, LinuxGuestError.NoDevice)]
    [InlineData(Errno.Busy, LinuxGuestError.InUse)]
    [InlineData(Errno.OutOfMemory, LinuxGuestError.Refused)]
    public void A_node_that_cannot_be_opened_says_what_to_do(Errno errno, LinuxGuestError error)
    {
        UioStandIn standIn = Make(Monitor);
        LinuxGuestException thrown = Assert.Throws<LinuxGuestException>(
            () => UioDevice.Open(standIn.Tree.Sysfs, UioStandIn.Instance, null, path => throw new ErrnoException($"open of {path}", errno)));
        Assert.Equal(error, thrown.Error);
        Assert.Contains("uio3", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_kernels_own_file_is_opened_by_its_name_and_speaks_in_words()
    {
        UioStandIn standIn = Make(Monitor);
        Assert.Equal(LinuxGuestError.NoDevice, Assert.Throws<LinuxGuestException>(() => UioDevice.Open(standIn.Tree.Sysfs, UioStandIn.Instance)).Error);

        string path = standIn.Tree.Full("uio9");
        File.WriteAllBytes(path, new byte[16384]);
        using (UioFile file = new(DeviceFile.Open(path)))
        {
            Assert.True(file.TryLock());
            Assert.Equal(Errno.None, file.Control(unmask: true));
            using MappedMemory map = file.Map(2, 4096);
            Marshal.WriteInt32(map.Address, 7);
            Assert.Equal((Errno.None, 0u), (file.Read(out uint count), count));
        }
        byte[] content = File.ReadAllBytes(path);
        Assert.Equal((1, 7), (content[0], content[8192]));
    }

    private UioStandIn Make(int? monitor, int ringBytes = 8192)
    {
        UioStandIn standIn = new(monitor, ringBytes);
        _standIns.Add(standIn);
        return standIn;
    }

    // Interrupts that came after the last wait.
    private static long Pending(UioDevice device)
    {
        long before = device.GetStatistics().Interrupts;
        device.Primary.Channel.WaitToRead(TimeSpan.Zero);
        return device.GetStatistics().Interrupts - before;
    }

    private static void ReadOne(Channel channel)
    {
        Assert.True(channel.WaitToRead(Background.Limit));
        using ChannelReadBatch batch = channel.ReadBatch();
        Assert.True(batch.TryNext(out _));
        batch.Commit();
    }

    private sealed class SecondOpener : IUioFile
    {
        public int Descriptor => -1;

        public bool TryLock() => false;

        public Errno Read(out uint count) => throw new InvalidOperationException();

        public Errno Control(bool unmask) => throw new InvalidOperationException();

        public MappedMemory Map(int index, long length) => throw new InvalidOperationException();

        public void Dispose()
        {
        }
    }
}
