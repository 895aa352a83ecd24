using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;
using VmBus.Protocol;
using static VmBus.Backends.Tests.HostileDevices.DeviceFixture;

namespace VmBus.Backends.Tests.HostileDevices;

/// <summary>A bus that meets what nobody expected: here a partition that throws where it must not.</summary>
public sealed class BusFaultTests
{
    private static readonly HostOffer Offer = Bus.EchoDevice.Offer(1, monitored: false);
    private static readonly HostOffer Other = Bus.EchoDevice.Offer(2, monitored: false);

    [Fact]
    public async Task A_fault_ends_all_that_waits_and_the_bus_is_disposed_all_the_same()
    {
        using var machine = new FaultyMachine();
        var host = new HostBus(machine.Partition);
        TaskCompletionSource first = NewSource(), second = NewSource();
        var told = new List<CancellationToken>();
        OfferedChannel offered = await host.OfferAsync(Offer, Serving(first.Task));
        await host.OfferAsync(Other, Serving(second.Task));
        Dictionary<Guid, OfferChannel> offers = await machine.Guest.ConnectAsync();
        foreach (HostOffer offer in (HostOffer[])[Offer, Other])
            Assert.Equal(ChannelMessageStatus.Success, await machine.Guest.OpenAsync(await machine.Guest.ShareRingsAsync(offers[offer.InterfaceInstance])));
        Background.Until(() => told.Count == 2, "the services");

        // Each waits for a service, and the end of the first is where it goes wrong.
        Task revoked = offered.RevokeAsync(), reset = host.ResetAsync();
        Task<OfferedChannel> again = host.OfferAsync(Offer, new Bus.EchoDevice());
        Task<byte[]> saved = host.SaveAsync();
        Assert.False(reset.IsCompleted || revoked.IsCompleted || again.IsCompleted || saved.IsCompleted || offered.Completion.IsCompleted);
        machine.Partition.ThrowsAtDisposal = true;
        first.SetResult();
        foreach (Task waiting in (Task[])[reset, revoked, again, saved])
            AssertIsDisposal((await Assert.ThrowsAsync<BusFaultException>(() => Soon(waiting))).InnerException);
        AssertIsDisposal(host.Failure);
        await Soon(offered.Completion);
        Assert.Same(offered.Completion, offered.Completion);
        Assert.All(told, token => Assert.True(token.IsCancellationRequested));

        await Assert.ThrowsAsync<BusFaultException>(() => host.ResetAsync());
        await Assert.ThrowsAsync<BusFaultException>(() => host.GetStatisticsAsync());
        await Assert.ThrowsAsync<BusFaultException>(() => offered.RevokeAsync());
        Assert.Equal(HypercallStatus.InvalidConnectionId, machine.Guest.TryPost(ChannelMessages.ToBytes(ChannelMessageType.Unload)));
        await offered.DisposeAsync();
        Task disposed = host.DisposeAsync().AsTask();
        Assert.False(disposed.IsCompleted);
        // The rings of the other service go with it, and not before.
        Assert.Equal(2 * machine.Guest.MappedChannels + 2, machine.GuestMemory.MappedRings);
        second.SetResult();
        await Soon(disposed);
        Background.Until(() => machine.GuestMemory.MappedRings == 2 * machine.Guest.MappedChannels, "the host's mappings to go");

        ScriptedDevice Serving(Task end) => new()
        {
            Serve = (_, closing) =>
            {
                lock (told)
                    told.Add(closing);
                return end;
            },
        };

        static void AssertIsDisposal(Exception? failure) =>
            Assert.Equal("The connection stays.", Assert.IsType<IOException>(Assert.Single(Assert.IsType<AggregateException>(failure).Flatten().InnerExceptions)).Message);
    }

    [Fact]
    public async Task What_is_asked_of_a_bus_that_has_failed_throws_at_once()
    {
        using var machine = new FaultyMachine();
        await using var host = new HostBus(machine.Partition);
        await machine.Guest.ConnectAsync();
        machine.Partition.Throws = true;
        PostSomethingThatIsAnswered(machine.Guest);
        Assert.Equal("The hypervisor is gone.", Assert.IsType<IOException>(host.Failure).Message);
        BusFaultException fault = await Assert.ThrowsAsync<BusFaultException>(() => host.OfferAsync(Offer, new Bus.EchoDevice()));
        Assert.Same(host.Failure, fault.InnerException);
        Assert.Contains("The hypervisor is gone.", fault.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<BusFaultException>(() => host.SaveAsync());
    }

    [Fact]
    public async Task A_fault_in_the_midst_of_an_open_gives_its_rings_back()
    {
        using var machine = new FaultyMachine();
        await using var host = new HostBus(machine.Partition);
        var device = new ScriptedDevice { Accept = static (_, _) => new(new TaskCompletionSource<bool>().Task) };
        await host.OfferAsync(Offer, device);
        Dictionary<Guid, OfferChannel> offers = await machine.Guest.ConnectAsync();
        WireChannel channel = await machine.Guest.ShareRingsAsync(offers[Offer.InterfaceInstance]);
        machine.Guest.PostOpen(channel);
        Background.Until(() => device.Asked == 1, "the question");
        Assert.Equal(4, machine.GuestMemory.MappedRings);
        machine.Partition.Throws = true;
        PostSomethingThatIsAnswered(machine.Guest);
        Assert.IsType<IOException>(host.Failure);
        Assert.Equal(2, machine.GuestMemory.MappedRings);
    }

    [Fact]
    public async Task An_open_that_fails_by_what_nobody_expected_is_refused_and_the_bus_goes_on()
    {
        using var machine = new FaultyMachine();
        await using var host = new HostBus(machine.Partition);
        var failures = new List<DeviceFailedEventArgs>();
        host.DeviceFailed += (_, failed) => failures.Add(failed);
        var device = new Bus.EchoDevice();
        OfferedChannel offered = await host.OfferAsync(Offer, device);
        Dictionary<Guid, OfferChannel> offers = await machine.Guest.ConnectAsync();
        WireChannel channel = await machine.Guest.ShareRingsAsync(offers[Offer.InterfaceInstance]);
        machine.Partition.ThrowsAtFlags = true;
        Assert.Equal(ChannelMessageStatus.Unsuccessful, await machine.Guest.OpenAsync(channel));
        HostBusStatistics now = await host.GetStatisticsAsync();
        Assert.Equal((1, 0, 0, 1, 1), (now.Gpadls, now.OpenChannels, now.RingPages, now.Refusals, now.DeviceFailures));
        Assert.Equal(2, machine.GuestMemory.MappedRings);
        Background.Until(() => failures.Count == 1, "the failure");
        Assert.Equal((DeviceOperation.Open, offered), (failures[0].Operation, failures[0].Channel));
        machine.Partition.ThrowsAtFlags = false;
        Assert.Equal(ChannelMessageStatus.Success, await machine.Guest.OpenAsync(channel));
        machine.Guest.Ping(channel);
        await machine.Guest.CloseAsync(channel);
    }

    // A service may see the gate close long before it could see its token: the token is cancelled first.
    [Fact]
    public async Task A_service_that_sees_nothing_of_a_close_but_its_gate_has_not_failed()
    {
        using var machine = new FaultyMachine();
        await using var host = new HostBus(machine.Partition);
        using var ended = new ManualResetEventSlim();
        bool wasTold = false;
        var device = new ScriptedDevice
        {
            Serve = async (channel, closing) =>
            {
                try
                {
                    await channel.Channel.WaitToReadAsync(CancellationToken.None);
                }
                finally
                {
                    wasTold = closing.IsCancellationRequested;
                    ended.Set();
                }
            },
        };
        machine.Partition.AfterClose = () => Assert.True(ended.Wait(Patience.Limit));
        OfferedChannel offered = await host.OfferAsync(Offer, device);
        Dictionary<Guid, OfferChannel> offers = await machine.Guest.ConnectAsync();
        WireChannel channel = await machine.Guest.ShareRingsAsync(offers[Offer.InterfaceInstance]);
        Assert.Equal(ChannelMessageStatus.Success, await machine.Guest.OpenAsync(channel));
        Background.Until(() => device.Served == 1, "the service");
        await machine.Guest.CloseAsync(channel);
        Assert.True(wasTold);
        Assert.Null(offered.Failure);
        Assert.Equal(0, (await host.GetStatisticsAsync()).DeviceFailures);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // A socket channel, of a host that has none.
    private static void PostSomethingThatIsAnswered(WireGuest guest) =>
        guest.Post(ChannelMessages.ToBytes(ChannelMessageType.TlConnectRequest, default(TlConnectRequest2)));

    private sealed class FaultyMachine : IDisposable
    {
        private readonly Hypervisor _hypervisor = new();
        private readonly InMemoryGuestPlatform _platform;

        public FaultyMachine()
        {
            Partition host = _hypervisor.CreatePartition(1 << 20), guest = _hypervisor.CreatePartition(4 << 20);
            GuestMemory = guest.Memory;
            _platform = new InMemoryGuestPlatform(guest);
            Partition = new FaultyPartition(new InMemoryGuestPartition(host, guest));
            Guest = new WireGuest(_platform);
        }

        public VmBus.Hosting.GuestMemory GuestMemory { get; }

        public FaultyPartition Partition { get; }

        public WireGuest Guest { get; }

        public void Dispose()
        {
            Guest.Dispose();
            _platform.Dispose();
            _hypervisor.Dispose();
        }
    }

    private sealed class FaultyPartition(IGuestPartition sound) : IGuestPartition
    {
        public bool Throws { get; set; }

        public bool ThrowsAtFlags { get; set; }

        public bool ThrowsAtDisposal { get; set; }

        public int VpCount => sound.VpCount;

        public IGuestMemory Memory => sound.Memory;

        public Action? AfterClose { get; set; }

        public ISignalGate CreateGate() => AfterClose is { } after ? new SlowGate(sound.CreateGate(), after) : sound.CreateGate();

        public IDisposable ConnectMessages(uint connectionId, GuestMessageHandler handler) => sound.ConnectMessages(connectionId, handler);

        public IDisposable ConnectEvents(uint connectionId, ISignalGate gate) =>
            new Stubborn(this, sound.ConnectEvents(connectionId, gate is SlowGate slow ? slow.Gate : gate));

        public IDisposable ConnectEvents(uint connectionId, Action signalled) => sound.ConnectEvents(connectionId, signalled);

        public HypercallStatus PostMessage(MessageTarget target, ReadOnlySpan<byte> payload) =>
            Throws ? throw new IOException("The hypervisor is gone.") : sound.PostMessage(target, payload);

        public IDisposable WatchMessageSlots(Action freed) => sound.WatchMessageSlots(freed);

        public IEventFlag? TryCreateEventFlag(MessageTarget target, int flag) =>
            ThrowsAtFlags ? throw new IOException("No more flags.") : sound.TryCreateEventFlag(target, flag);

        public IMonitorPage? TryOpenMonitorPage(ulong gpa, MonitorDirection direction) => sound.TryOpenMonitorPage(gpa, direction);

        private sealed class SlowGate(ISignalGate gate, Action afterClose) : ISignalGate
        {
            public ISignalGate Gate => gate;

            public void Set() => gate.Set();

            public void Close(string reason)
            {
                gate.Close(reason);
                afterClose();
            }

            public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default) => gate.Wait(timeout, cancellationToken);

            public ValueTask WaitAsync(CancellationToken cancellationToken = default) => gate.WaitAsync(cancellationToken);

            public void Dispose() => gate.Dispose();
        }

        private sealed class Stubborn(FaultyPartition owner, IDisposable connection) : IDisposable
        {
            public void Dispose()
            {
                connection.Dispose();
                if (!owner.ThrowsAtDisposal)
                    return;
                owner.ThrowsAtDisposal = false;
                throw new IOException("The connection stays.");
            }
        }
    }
}
