using VmBus.Backends.Tests.Shared;
using VmBus.Hosting;
using VmBus.Testing;

namespace VmBus.Backends.Tests.InMemory;

public class InMemoryVmBusTests
{
    public static TheoryData<SignalMode, bool, bool> Setups()
    {
        var setups = new TheoryData<SignalMode, bool, bool>();
        foreach (SignalMode mode in Enum.GetValues<SignalMode>())
        {
            foreach (bool threaded in new[] { false, true })
            {
                setups.Add(mode, threaded, false);
                setups.Add(mode, threaded, true);
            }
        }
        return setups;
    }

    [Theory]
    [MemberData(nameof(Setups))]
    public void Every_packet_arrives_in_order_in_both_directions(SignalMode mode, bool threaded, bool legacy)
    {
        using var bus = new InMemoryVmBus(new() { IsThreaded = threaded, LegacyInterrupts = legacy });
        using InMemoryChannel memory = bus.CreateChannel(new() { GuestToHostSize = 4096, HostToGuestSize = 8192 });
        using VmBusChannel guest = ChannelTraffic.Open(memory.Guest, mode), host = ChannelTraffic.Open(memory.Host, mode);
        const int Packets = 20_000;

        Background toHost = Background.Run(() => ChannelTraffic.Send(guest, 0, Packets));
        Background toGuest = Background.Run(() => ChannelTraffic.Send(host, 7, Packets));
        Background atHost = Background.Run(() => ChannelTraffic.Receive(host, 0, Packets));
        Background atGuest = Background.Run(() => ChannelTraffic.Receive(guest, 7, Packets));

        toHost.Join();
        toGuest.Join();
        atHost.Join();
        atGuest.Join();
    }

    [Fact]
    public void Ids_are_given_out_lowest_first_or_as_asked_and_taken_back()
    {
        using var bus = new InMemoryVmBus();
        InMemoryChannel first = bus.CreateChannel(), second = bus.CreateChannel();
        using InMemoryChannel asked = bus.CreateChannel(new() { Relid = 2047, MonitorId = 127 });

        Assert.Equal((1u, 0), (first.Relid, first.MonitorId));
        Assert.Equal((2u, 1), (second.Relid, second.MonitorId));
        Assert.Equal((2047u, 127), (asked.Relid, asked.MonitorId));
        Assert.Equal(1u | 2u << 12, first.ConnectionId);
        first.Dispose();
        using InMemoryChannel again = bus.CreateChannel();
        Assert.Equal((1u, 0), (again.Relid, again.MonitorId));
    }

    [Fact]
    public void A_channel_opens_at_both_ends_and_tells_its_latency_hint()
    {
        using var bus = new InMemoryVmBus();
        using InMemoryChannel monitored = bus.CreateChannel(Small with { Latency = TimeSpan.FromMicroseconds(300) }), plain = bus.CreateChannel(Small with { HasMonitor = false });
        using VmBusChannel guest = monitored.OpenGuest(), host = monitored.OpenHost(PeerTrust.Untrusted), other = plain.OpenGuest();

        Assert.Equal((true, TimeSpan.FromMicroseconds(300)), (guest.HasMonitor, guest.LatencyHint));
        Assert.Equal((false, TimeSpan.Zero), (other.HasMonitor, other.LatencyHint));
        Assert.Throws<InvalidOperationException>(() => other.SetLatencyHint(TimeSpan.FromMicroseconds(50)));
        Assert.True(guest.TrySend([1]));
        Assert.True(host.WaitToRead(Patience.Limit));
        guest.Dispose();
        Assert.Throws<ObjectDisposedException>(() => guest.SetLatencyHint(TimeSpan.FromMicroseconds(50)));
    }

    [Fact]
    public void Impossible_channels_are_refused_and_leave_nothing_behind()
    {
        using var bus = new InMemoryVmBus(new() { GuestMemorySize = 1 << 20 });
        int pages = bus.Guest.Memory.AllocatedPages;
        using (InMemoryChannel taken = bus.CreateChannel(Small with { Relid = 9, MonitorId = 9 }))
        {
            Assert.Throws<InvalidOperationException>(() => bus.CreateChannel(Small with { Relid = 9 }));
            Assert.Throws<InvalidOperationException>(() => bus.CreateChannel(Small with { MonitorId = 9 }));
            Assert.Throws<ArgumentOutOfRangeException>(() => bus.CreateChannel(Small with { Relid = 0 }));
            Assert.Throws<ArgumentOutOfRangeException>(() => bus.CreateChannel(Small with { Relid = 2048 }));
            Assert.Throws<ArgumentOutOfRangeException>(() => bus.CreateChannel(Small with { MonitorId = 128 }));
            Assert.Throws<ArgumentOutOfRangeException>(() => bus.CreateChannel(Small with { Latency = TimeSpan.FromMilliseconds(7) }));
            Assert.Throws<ArgumentOutOfRangeException>(() => bus.CreateChannel(Small with { GuestVp = 1 }));
            Assert.Throws<ArgumentException>(() => bus.CreateChannel(Small with { HostToGuestSize = 4100 }));
            Assert.Throws<InsufficientMemoryException>(() => bus.CreateChannel(Small with { GuestToHostSize = 1 << 20 }));
        }

        Assert.Equal(pages, bus.Guest.Memory.AllocatedPages);
        using InMemoryChannel next = bus.CreateChannel(Small);
        Assert.Equal((1u, 0), (next.Relid, next.MonitorId));
    }

    [Fact]
    public void A_hundred_and_twenty_eight_channels_have_monitors_and_the_next_has_none()
    {
        using var bus = new InMemoryVmBus();
        for (int channel = 0; channel < 128; channel++)
            bus.CreateChannel(Small);

        Assert.Throws<InvalidOperationException>(() => bus.CreateChannel(Small));
        using InMemoryChannel unmonitored = bus.CreateChannel(Small with { HasMonitor = false });
        Assert.Null(unmonitored.MonitorId);
        Assert.Null(unmonitored.Guest.Binding.MonitorPage);
        Assert.Equal(SignalCapabilities.Hypercall, unmonitored.Guest.Binding.Path.Capabilities);
    }

    [Fact]
    public void Both_ends_see_a_ring_through_the_same_mapping()
    {
        using var bus = new InMemoryVmBus();
        using InMemoryChannel channel = bus.CreateChannel();

        Assert.Same(channel.Guest.Outgoing, channel.Host.Incoming);
        Assert.Same(channel.Host.Outgoing, channel.Guest.Incoming);
        Assert.Equal(OperatingSystem.IsLinux() && Environment.SystemPageSize == GuestMemory.PageSize, channel.Guest.Outgoing.IsDoubleMapped);
        // One GPADL: the guest's outgoing ring, then its incoming one.
        Assert.Equal(
            channel.Guest.Outgoing.GuestAddress + (ulong)channel.Guest.Outgoing.PageCount * GuestMemory.PageSize,
            channel.Guest.Incoming.GuestAddress);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(31u)]
    [InlineData(32u)]
    [InlineData(64u)]
    [InlineData(2047u)]
    public void A_signal_reaches_the_other_end_of_its_channel_only(uint relid)
    {
        foreach (bool legacy in (bool[])[false, true])
        {
            using var bus = new InMemoryVmBus(new() { LegacyInterrupts = legacy });
            using InMemoryChannel channel = bus.CreateChannel(Small with { Relid = relid }), other = bus.CreateChannel(Small);
            var guest = new ChannelSignaler(channel.Guest.Binding) { Mode = SignalMode.LowLatency };
            var host = new ChannelSignaler(channel.Host.Binding);

            guest.Signal(Urgency.Normal);
            Assert.True(channel.Host.Gate.TryConsume(), $"Legacy {legacy}: the host was not signalled.");
            host.Signal(Urgency.Normal);
            Assert.True(channel.Guest.Gate.TryConsume(), $"Legacy {legacy}: the guest was not signalled.");
            guest.Signal(Urgency.Relaxed);
            Assert.True(channel.Host.Gate.Wait(Patience.Limit), $"Legacy {legacy}: the monitor did not signal the host.");
            Assert.False(other.Host.Gate.IsSet || other.Guest.Gate.IsSet || channel.Guest.Gate.IsSet, "A signal went astray.");
            Assert.Equal(1, channel.GuestMonitorStatistics.Signals);
        }
    }

    [Fact]
    public void The_host_can_signal_by_the_other_monitor_page()
    {
        using var bus = new InMemoryVmBus();
        using InMemoryChannel channel = bus.CreateChannel(Small with { HasHostMonitor = true });
        var host = new ChannelSignaler(channel.Host.Binding);

        host.Signal(Urgency.Normal);

        Assert.Equal(1, host.GetStatistics().Monitored);
        Assert.True(channel.Guest.Gate.Wait(Patience.Limit), "The monitor did not signal the guest.");
        Assert.Equal(1, bus.ParentToChild.Examiner.GetStatistics(channel.MonitorId!.Value).Signals);
    }

    [Fact]
    public void The_hypercall_cost_is_paid_by_the_guest_for_calls_and_not_for_monitored_signals()
    {
        int paid = 0;
        using var bus = new InMemoryVmBus(new() { Hypervisor = new() { HypercallCost = TimeSpan.FromTicks(20), SpendCost = _ => paid++ } });
        using InMemoryChannel channel = bus.CreateChannel(Small);
        var guest = new ChannelSignaler(channel.Guest.Binding);

        guest.Signal(Urgency.Relaxed);
        channel.Host.Gate.Wait(Patience.Limit);
        Assert.Equal(0, paid);
        guest.Signal(Urgency.Urgent);
        Assert.Equal(1, paid);
    }

    [Fact]
    public void A_channel_taken_down_ends_its_waits_and_its_signals_fail()
    {
        using var bus = new InMemoryVmBus();
        InMemoryChannel channel = bus.CreateChannel(Small);
        channel.Dispose();
        channel.Dispose();

        Assert.Throws<PeerDisconnectedException>(() => channel.Guest.Gate.Wait(TimeSpan.Zero));
        Assert.Throws<PeerDisconnectedException>(() => channel.Host.Gate.Wait(TimeSpan.Zero));
        Assert.Equal(VmBus.Layout.HypercallStatus.InvalidConnectionId, channel.Guest.Binding.Path.Signal());
    }

    [Fact]
    public void Channels_may_be_bound_to_any_VP()
    {
        using var bus = new InMemoryVmBus(new() { GuestVpCount = 2, HostVpCount = 3 });
        using InMemoryChannel channel = bus.CreateChannel(Small with { GuestVp = 1, HostVp = 2 });
        channel.Guest.Binding.Path.Signal();
        channel.Host.Binding.Path.Signal();

        Assert.True(channel.Host.Gate.TryConsume() && channel.Guest.Gate.TryConsume());
        Assert.Equal([0L, 0L, 1L], bus.Host.VirtualProcessors.Select(vp => vp.Synic.Interrupts));
        Assert.Equal([0L, 1L], bus.Guest.VirtualProcessors.Select(vp => vp.Synic.Interrupts));
    }

    [Fact]
    public void Nothing_stays_mapped_after_the_bus()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has memfd.");
        if (!OperatingSystem.IsLinux())
            return;
        int before = OpenResources.Count().Regions;
        var bus = new InMemoryVmBus();
        for (int channel = 0; channel < 5; channel++)
            bus.CreateChannel(Small);
        Assert.Equal(before + 2 + 2 * 5, VmBus.Interop.MappedMemory.LiveCount);
        bus.Dispose();
        bus.Dispose();

        Assert.Equal(before, VmBus.Interop.MappedMemory.LiveCount);
        Assert.Throws<ObjectDisposedException>(() => bus.CreateChannel());
        Assert.Throws<InsufficientMemoryException>(() => new InMemoryVmBus(new() { GuestMemorySize = 2 * GuestMemory.PageSize }));
        Assert.Equal(before, VmBus.Interop.MappedMemory.LiveCount);
    }

    // A million changes of mode while packets flow: each is a chance to lose the signal they wait for.
    [Fact]
    public void Changing_the_mode_loses_no_packet()
    {
        using var bus = new InMemoryVmBus();
        using InMemoryChannel memory = bus.CreateChannel(Small);
        using VmBusChannel guest = ChannelTraffic.Open(memory.Guest), host = ChannelTraffic.Open(memory.Host);
        const int Packets = 300_000;
        bool done = false;
        Background sender = Background.Run(() => ChannelTraffic.Send(guest, 0, Packets));
        Background receiver = Background.Run(() => ChannelTraffic.Receive(host, 0, Packets));
        Background flipper = Background.Run(() =>
        {
            for (int flip = 0; !Volatile.Read(ref done); flip++)
                guest.SignalMode = (SignalMode)(flip % 3);
        });

        sender.Join();
        receiver.Join();
        Volatile.Write(ref done, true);
        flipper.Join();
    }

    private static InMemoryChannelOptions Small { get; } = new() { GuestToHostSize = 4096, HostToGuestSize = 4096 };
}
