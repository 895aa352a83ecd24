using Microsoft.Extensions.Time.Testing;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Bus;

public sealed class InMemoryMachineTests
{
    private static CancellationToken Token => BusFixture.Token;

    [Fact]
    public async Task A_device_is_offered_opened_and_talked_to_in_a_few_lines()
    {
        await using var machine = new InMemoryMachine();
        await machine.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using GuestChannel channel = await machine.OpenChannelAsync(EchoDevice.Offer(1), cancellationToken: Token);
        Assert.True(channel.Channel.TrySend("hello..."u8));
        Assert.True(await channel.Channel.WaitToReadAsync(Token));
        using ChannelReadBatch batch = channel.Channel.ReadBatch();
        Assert.True(batch.TryNext(out RingPacket packet) && packet.Payload.SequenceEqual("hello..."u8));
    }

    [Fact]
    public async Task A_machine_with_a_clock_of_its_own_moves_only_with_it()
    {
        var clock = new FakeTimeProvider();
        await using var machine = new InMemoryMachine(new() { Clock = clock });
        Assert.Same(clock, machine.Options.Hypervisor.Clock);
        Assert.Same(clock, machine.Options.Host.Clock);
        var listener = new Listener();
        await machine.Host.OfferAsync(EchoDevice.Offer(2), listener);
        await using GuestChannel heard = await machine.OpenChannelAsync(EchoDevice.Offer(2), cancellationToken: Token);
        await listener.Listening.WaitAsync(Patience.Limit, Token);
        Assert.True(heard.Channel.TrySend([1, 2, 3, 4, 5, 6, 7, 8]));
        clock.Advance(TimeSpan.FromMicroseconds(90));
        Assert.False(listener.HasHeard(TimeSpan.FromMilliseconds(50)));
        clock.Advance(TimeSpan.FromMicroseconds(200));
        Assert.True(listener.HasHeard(Patience.Limit));
    }

    [Fact]
    public async Task A_guest_of_a_machine_with_a_clock_waits_for_answers_by_that_clock()
    {
        var clock = new FakeTimeProvider();
        await using var machine = new InMemoryMachine(new() { Clock = clock });
        // A host that is saved tells the guest to try again, for as long as it is.
        await machine.Host.SaveAsync();
        Task<GuestBus> connecting = machine.ConnectAsync(cancellationToken: Token);
        Assert.False(connecting.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(30));
        GuestBusException failed = await Assert.ThrowsAsync<GuestBusException>(() => connecting.WaitAsync(Patience.Limit, Token));
        Assert.Equal(ConnectFailure.Timeout, failed.ConnectFailure);
    }

    [Fact]
    public async Task An_open_of_what_is_not_offered_ends_and_lists_what_is()
    {
        string echo = $"{EchoDevice.Offer(1).InterfaceType} ({DeviceClass.Find(EchoDevice.Offer(1).InterfaceType)!.Name})";
        var clock = new FakeTimeProvider();
        await using var machine = new InMemoryMachine(new() { Clock = clock });
        Task<VmBusChannel> nothing = machine.OpenAsync(EchoDevice.Offer(1), cancellationToken: Token);
        string limit = await NotOfferedAsync(nothing);
        Assert.Contains($"subchannel 0 of device {EchoDevice.Offer(1).InterfaceInstance} of class {echo} within 30 s", limit, StringComparison.Ordinal);
        Assert.EndsWith("It offers nothing.", limit, StringComparison.Ordinal);

        await machine.Host.OfferAsync(EchoDevice.Offer(2), new EchoDevice());
        await machine.Host.OfferAsync(new HostOffer(DeviceClass.Keyboard.Id, Guid.Empty), new EchoDevice());
        string listed = await NotOfferedAsync(machine.OpenAsync(EchoDevice.Offer(1), cancellationToken: Token));
        Assert.EndsWith(
            $"It offers subchannel 0 of device {EchoDevice.Offer(2).InterfaceInstance} of class {echo}; "
            + "subchannel 0 of device 00000000-0000-0000-0000-000000000000 of class f912ad6d-2b17-48ea-bd65-f927a61c7684 (keyboard).", listed, StringComparison.Ordinal);
        for (int more = 10; more < 18; more++)
            await machine.Host.OfferAsync(EchoDevice.Offer(more), new EchoDevice());
        Assert.EndsWith("; and 2 more.", await NotOfferedAsync(machine.OpenAsync(EchoDevice.Offer(1), cancellationToken: Token)), StringComparison.Ordinal);

        // One that comes while it is waited for is opened.
        Task<VmBusChannel> late = machine.OpenAsync(EchoDevice.Offer(1), cancellationToken: Token);
        await machine.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        await using VmBusChannel opened = await late.WaitAsync(Patience.Limit, Token);

        async Task<string> NotOfferedAsync(Task opening)
        {
            while (!opening.IsCompleted)
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                await Task.Delay(1, Token);
            }
            GuestBusException failed = await Assert.ThrowsAsync<GuestBusException>(() => opening);
            Assert.Equal(GuestBusError.NotOffered, failed.Error);
            return failed.Message;
        }
    }

    [Fact]
    public async Task A_guest_may_wait_for_an_offer_without_a_limit()
    {
        var clock = new FakeTimeProvider();
        await using var machine = new InMemoryMachine(new() { Clock = clock });
        await using GuestBus guest = await machine.ConnectAsync(new() { OfferTimeout = Timeout.InfiniteTimeSpan }, Token);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        HostOffer offer = EchoDevice.Offer(1);
        Task<GuestOffer> waiting = guest.WaitForOfferAsync(offer.InterfaceType, offer.InterfaceInstance, cancellationToken: stop.Token);
        clock.Advance(TimeSpan.FromDays(1));
        await guest.GetOffersAsync(Token);
        Assert.False(waiting.IsCompleted);
        await stop.CancelAsync();
        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(Patience.Limit, Token));
        Assert.Equal(stop.Token, cancelled.CancellationToken);
    }

    [Fact]
    public async Task What_names_a_clock_keeps_it()
    {
        FakeTimeProvider machineClock = new(), hypervisorClock = new(), hostClock = new();
        await using var machine = new InMemoryMachine(new()
        {
            Clock = machineClock,
            Hypervisor = new HypervisorOptions { Clock = hypervisorClock, MonitorScan = MonitorScan.Stepped },
            Host = new HostBusOptions { Clock = hostClock },
        });
        Assert.Same(hypervisorClock, machine.Options.Hypervisor.Clock);
        Assert.Same(hostClock, machine.Options.Host.Clock);
    }

    [Fact]
    public async Task An_open_waits_for_an_offer_that_comes_later_and_of_the_right_subchannel()
    {
        await using var machine = new InMemoryMachine();
        var device = new EchoDevice();
        await machine.Host.OfferAsync(EchoDevice.Offer(1), device);
        await using GuestChannel first = await machine.OpenChannelAsync(EchoDevice.Offer(1), cancellationToken: Token);
        Task<GuestChannel> later = machine.OpenChannelAsync(EchoDevice.Offer(1, subchannel: 1), cancellationToken: Token);
        await machine.Host.OfferAsync(EchoDevice.Offer(2), device);
        Assert.False(later.IsCompleted);
        await machine.Host.OfferAsync(EchoDevice.Offer(1, subchannel: 1), device);
        await using GuestChannel second = await later.WaitAsync(Patience.Limit, Token);
        Assert.Equal((1, first.Offer.Relid), (second.Offer.SubchannelIndex, second.Offer.PrimaryRelid));
        await BusFixture.PingAsync(second.Channel, 3);
    }

    [Fact]
    public async Task Opens_at_once_share_one_connection()
    {
        await using var machine = new InMemoryMachine();
        var device = new EchoDevice();
        for (int instance = 1; instance <= 8; instance++)
            await machine.Host.OfferAsync(EchoDevice.Offer(instance), device);
        GuestChannel[] channels = await Task.WhenAll(Enumerable.Range(1, 8).Select(instance => Task.Run(() => machine.OpenChannelAsync(EchoDevice.Offer(instance), cancellationToken: Token))));
        Assert.Equal(8, channels.Select(channel => channel.Offer.Relid).Distinct().Count());
        foreach (GuestChannel channel in channels)
            await BusFixture.PingAsync(channel.Channel, 2);
        await channels[0].DisposeAsync();
        await using GuestChannel again = await machine.OpenChannelAsync(EchoDevice.Offer(1), cancellationToken: Token);
        await BusFixture.PingAsync(again.Channel, 2);
        await Assert.ThrowsAsync<InvalidOperationException>(() => machine.OpenChannelAsync(EchoDevice.Offer(1), cancellationToken: Token));
    }

    [Fact]
    public async Task An_open_uses_the_connection_there_is_and_makes_another_when_that_has_ended()
    {
        await using var machine = new InMemoryMachine();
        await machine.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        GuestBus bus = await machine.ConnectAsync(cancellationToken: Token);
        await machine.OpenChannelAsync(EchoDevice.Offer(1), cancellationToken: Token);
        Assert.Single(await bus.GetOpenChannelsAsync(Token));
        InvalidOperationException second = await Assert.ThrowsAsync<InvalidOperationException>(() => machine.ConnectAsync(cancellationToken: Token));
        Assert.Equal("This guest is already connected, and has one connection at a time. Use that one, or dispose it and connect again.", second.Message);
        await bus.DisposeAsync();
        await using GuestChannel channel = await machine.OpenChannelAsync(EchoDevice.Offer(1), cancellationToken: Token);
        await BusFixture.PingAsync(channel.Channel, 2);
    }

    // As users write it: `using` on the channel, not `await using`. The close then runs beside the end of the machine.
    [Fact]
    public async Task A_channel_that_is_disposed_without_waiting_is_closed_by_itself()
    {
        using var unobserved = new UnobservedExceptions();
        for (int round = 0; round < 200; round++)
        {
            await using var machine = new InMemoryMachine();
            await machine.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
            using (VmBusChannel channel = await machine.OpenAsync(EchoDevice.Offer(1), cancellationToken: Token))
            {
                channel.Send("hello..."u8, cancellationToken: Token);
                Assert.True(await channel.WaitToReadAsync(Token));
            }

            if (round % 2 == 0)
                continue;
            // At once: the open waits for the close that is under way.
            VmBusChannel again = await machine.OpenAsync(EchoDevice.Offer(1), cancellationToken: Token);
            await again.CloseAsync(Token);
            Assert.Equal(ChannelState.Closed, again.State);
        }
    }

    [Fact]
    public async Task A_channel_is_moved_to_another_VP_by_its_own_bus_only()
    {
        await using var machine = new InMemoryMachine(new() { GuestVpCount = 2 });
        await using var other = new InMemoryMachine();
        await machine.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
        GuestBus bus = await machine.ConnectAsync(cancellationToken: Token), stranger = await other.ConnectAsync(cancellationToken: Token);
        VmBusChannel channel = await machine.OpenAsync(EchoDevice.Offer(1), cancellationToken: Token);
        await bus.RetargetAsync(channel, 1, Token);
        ArgumentException notMine = await Assert.ThrowsAsync<ArgumentException>(() => stranger.RetargetAsync(channel, 0, Token));
        Assert.StartsWith("The channel belongs to another bus.", notMine.Message, StringComparison.Ordinal);
        await channel.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => bus.RetargetAsync(channel, 0, Token));
    }

    [Fact]
    public async Task An_open_that_is_cancelled_while_it_waits_for_an_offer_leaves_the_machine_as_it_was()
    {
        using var unobserved = new UnobservedExceptions();
        await using (var machine = new InMemoryMachine())
        {
            using var cancel = new CancellationTokenSource();
            Task<GuestChannel> opening = machine.OpenChannelAsync(EchoDevice.Offer(1), cancellationToken: cancel.Token);
            Assert.False(opening.IsCompleted);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening.WaitAsync(Patience.Limit, Token));
            await machine.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
            await using GuestChannel channel = await machine.OpenChannelAsync(EchoDevice.Offer(1), cancellationToken: Token).WaitAsync(Patience.Limit, Token);
            await BusFixture.PingAsync(channel.Channel, 2);
        }
        unobserved.AssertNone();
    }

    [Fact]
    public async Task A_dispose_ends_what_was_left_open_and_tells_those_who_wait()
    {
        using var unobserved = new UnobservedExceptions();
        var machine = new InMemoryMachine();
        var device = new EchoDevice();
        await machine.Host.OfferAsync(EchoDevice.Offer(1), device);
        GuestChannel channel = await machine.OpenChannelAsync(EchoDevice.Offer(1), cancellationToken: Token);
        Task<bool> reading = channel.Channel.WaitToReadAsync(Token).AsTask();
        Task<GuestChannel> opening = machine.OpenChannelAsync(EchoDevice.Offer(2), cancellationToken: Token);

        ValueTask first = machine.DisposeAsync(), second = machine.DisposeAsync();
        await first.AsTask().WaitAsync(Patience.Limit, Token);
        await second.AsTask().WaitAsync(Patience.Limit, Token);
        Assert.False(await reading.WaitAsync(Patience.Limit, Token));
        await Assert.ThrowsAsync<GuestBusException>(() => opening.WaitAsync(Patience.Limit, Token));
        Assert.Equal(ChannelState.Closed, channel.Channel.State);
        Assert.Equal((0, 0, 0), (machine.GuestPartition.Memory.AllocatedPages, machine.GuestPartition.Memory.MappedRings, device.Serving));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => machine.ConnectAsync(cancellationToken: Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => machine.OpenChannelAsync(EchoDevice.Offer(1), cancellationToken: Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => machine.SaveHostAsync(Token));
        await channel.DisposeAsync();
        unobserved.AssertNone();
    }

    [Fact]
    public async Task A_dispose_that_races_opens_leaves_nothing()
    {
        using var unobserved = new UnobservedExceptions();
        for (int round = 0; round < 200; round++)
        {
            var machine = new InMemoryMachine(new() { GuestMemorySize = 1 << 20 });
            await machine.Host.OfferAsync(EchoDevice.Offer(1), new EchoDevice());
            using var start = new Barrier(2);
            Task<GuestChannel> opening = Task.Run(() =>
            {
                start.SignalAndWait(Token);
                return machine.OpenChannelAsync(EchoDevice.Offer(1), cancellationToken: Token);
            }, Token);
            start.SignalAndWait(Token);
            for (int spins = round % 50 * 20; spins > 0; spins--)
                Thread.SpinWait(10);
            await machine.DisposeAsync().AsTask().WaitAsync(Patience.Limit, Token);
            try
            {
                await using GuestChannel channel = await opening.WaitAsync(Patience.Limit, Token);
            }
            catch (Exception ended) when (ended is GuestBusException or ObjectDisposedException)
            {
                // The dispose came first, or in the middle.
            }
            Assert.Equal(0, machine.GuestPartition.Memory.MappedRings);
        }
        unobserved.AssertNone();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(65536)]
    public async Task A_monitor_latency_that_no_monitor_can_have_is_refused(long ticks)
    {
        await using var machine = new InMemoryMachine();
        ArgumentOutOfRangeException refused = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => machine.Host.OfferAsync(EchoDevice.Offer(1) with { MonitorLatency = TimeSpan.FromTicks(ticks) }, new EchoDevice()));
        Assert.Contains("1 to 65535", refused.Message, StringComparison.Ordinal);
        await machine.Host.OfferAsync(EchoDevice.Offer(1) with { MonitorLatency = TimeSpan.FromTicks(65535) }, new EchoDevice());
    }

    private sealed class Listener : IChannelDevice
    {
        private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _heard = new();

        public Task Listening => _listening.Task;

        public bool HasHeard(TimeSpan within) => _heard.Task.Wait(within, Token);

        public async Task ServeAsync(DeviceContext channel, CancellationToken closing)
        {
            Task<bool> wait = channel.Channel.WaitToReadAsync(closing).AsTask();
            _listening.SetResult();
            await wait;
            _heard.SetResult();
            await Task.Delay(Timeout.Infinite, closing);
        }
    }
}
