using System.Net.NetworkInformation;
using Microsoft.Extensions.Time.Testing;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;

namespace VmBus.Devices.Tests.Network;

/// <summary>Links whose calls throw, never end, call their adapter, or end it.</summary>
public sealed class HostileLinkTests
{
    public static TheoryData<string> Names => ["TrySend", "Flush", "WaitToSend", "TryReceive", "WaitToReceive"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_link_that_throws_at_once_ends_the_adapter_and_the_author_gets_the_exception(string name) =>
        await ThrowAsync(name, static failure => throw failure);

    [Theory]
    [InlineData("WaitToSend")]
    [InlineData("WaitToReceive")]
    public async Task A_link_that_throws_later_ends_the_adapter_and_the_author_gets_the_exception(string name) => await ThrowAsync(name, static async failure =>
    {
        await Task.Yield();
        throw failure;
    });

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_link_whose_call_never_ends_costs_the_channel_and_harms_no_later_open(string name)
    {
        var clock = new FakeTimeProvider();
        var link = new ScriptedLink(name);
        await using InMemoryMachine machine = await MakeAsync(link, clock);
        GuestBus bus = await machine.ConnectAsync(cancellationToken: Token);
        await bus.RequestOffersAsync(Token);
        var hang = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // A flush ends each batch, those of the negotiation, too.
        if (name != "Flush")
            link.Play = Hang;
        NetworkGuest guest = await NetworkGuest.OpenAsync(machine, bus);
        int before = link.Calls;
        link.Play = Hang;
        Task sending = guest.SendAsync(NetworkGuest.Message(NetworkFixture.Frame()));
        await UntilAsync(() => link.Calls > (name == "Flush" ? before : 0));
        Task closing = guest.Channel.CloseAsync(Token);
        await UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return closing.IsCompleted;
        });
        await closing;
        await Record.ExceptionAsync(() => sending);
        await guest.DisposeAsync();
        HostBusStatistics lost = await machine.Host.GetStatisticsAsync();
        Assert.Equal((1, 0), (lost.LostServices, lost.OpenChannels));

        // The guest opens it again, and the call ends at last.
        link.Play = static () => default;
        link.Pauses = true;
        await using NetworkGuest again = await NetworkGuest.OpenAsync(machine, bus);
        hang.SetResult();
        while ((await machine.Host.GetStatisticsAsync()).LostServices != 0)
            await Task.Delay(1, Token);
        link.Adapter.IsLinkUp = false;
        await UntilAsync(() => again.Indicated.Contains(RndisStatus.MediaDisconnect));
        Assert.Throws<InvalidOperationException>(() => link.Adapter.SaveState());

        ValueTask Hang()
        {
            if (link.IsSynchronous)
                hang.Task.Wait(Patience.Limit);
            return new ValueTask(hang.Task);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_link_may_call_its_adapter_from_within_a_call(string name)
    {
        var link = new ScriptedLink(name);
        await using InMemoryMachine machine = await MakeAsync(link, new FakeTimeProvider());
        GuestBus bus = await machine.ConnectAsync(cancellationToken: Token);
        await bus.RequestOffersAsync(Token);
        link.Play = () =>
        {
            link.Adapter.IsLinkUp = false;
            link.Adapter.IsLinkUp = true;
            _ = link.Adapter.Statistics;
            Assert.Throws<InvalidOperationException>(() => link.Adapter.SaveState());
            link.Play = static () => default;
            link.Pauses = true;
            return default;
        };
        await using NetworkGuest guest = await NetworkGuest.OpenAsync(machine, bus);
        Assert.Equal(NvspStatus.Success, await guest.SendAsync(NetworkGuest.Message(NetworkFixture.Frame())));
        await UntilAsync(() => link.Pauses);
        await guest.Channel.CloseAsync(Token).WaitAsync(Patience.Limit, Token);
        Assert.Equal((0, 0L), ((await machine.Host.GetStatisticsAsync()).LostServices, (await machine.Host.GetStatisticsAsync()).DeviceFailures));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_link_may_end_its_machine_from_within_a_call(string name)
    {
        var link = new ScriptedLink(name);
        await using InMemoryMachine machine = await MakeAsync(link, new FakeTimeProvider());
        GuestBus bus = await machine.ConnectAsync(cancellationToken: Token);
        await bus.RequestOffersAsync(Token);
        var returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        link.Play = () =>
        {
            link.Pauses = true;
            // The clock stands still: a service that were waited for here would be waited for without end.
            machine.DisposeAsync().AsTask().Wait(Patience.Limit);
            returned.TrySetResult();
            return default;
        };
        Task<NetworkGuest> opening = NetworkGuest.OpenAsync(machine, bus);
        _ = AskAsync(opening);
        await returned.Task.WaitAsync(Patience.Limit, Token);
        await machine.DisposeAsync().AsTask().WaitAsync(Patience.Limit, Token);
        HostBusStatistics statistics = await machine.Host.GetStatisticsAsync();
        Assert.Equal((0, 0), (statistics.LostServices, statistics.OpenChannels));
    }

    // It may lose its channel at any step.
    private static async Task AskAsync(Task<NetworkGuest> opening) =>
        await Record.ExceptionAsync(async () => await (await opening).SendAsync(NetworkGuest.Message(NetworkFixture.Frame())));

    private static async Task ThrowAsync(string name, Func<Exception, ValueTask> fails)
    {
        // Even one that looks like the end of a wait.
        foreach (Exception thrown in new Exception[] { new InvalidTimeZoneException("Nobody expects this."), new OperationCanceledException("Nobody cancelled.") })
        {
            var link = new ScriptedLink(name) { Play = () => fails(thrown) };
            await using InMemoryMachine machine = await MakeAsync(link, new FakeTimeProvider());
            var failed = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
            machine.Host.DeviceFailed += (_, device) => failed.TrySetResult(device.Exception);
            GuestBus bus = await machine.ConnectAsync(cancellationToken: Token);
            await bus.RequestOffersAsync(Token);
            _ = AskAsync(NetworkGuest.OpenAsync(machine, bus));
            Assert.Same(thrown, await failed.Task.WaitAsync(Patience.Limit, Token));
            // The guest has lost the channel, and the bus all of it.
            while (await machine.Host.GetStatisticsAsync() is { OpenChannels: not 0 } or { LostServices: not 0 })
                await Task.Delay(1, Token);
        }
    }

    private static async Task<InMemoryMachine> MakeAsync(ScriptedLink link, FakeTimeProvider clock)
    {
        var machine = new InMemoryMachine(new InMemoryMachineOptions { GuestMemorySize = 16 << 20, Clock = clock });
        link.Adapter = new NetworkAdapter(link, new PhysicalAddress(NetworkFixture.Address));
        await machine.Host.OfferAsync(NetworkAdapter.Offer(), link.Adapter);
        return machine;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (!condition())
            await Task.Delay(1, limit.Token);
    }

    /// <summary>A link that carries nothing, and of which a test plays one call.</summary>
    private sealed class ScriptedLink(string name) : INetworkLink
    {
        private int _calls;

        public NetworkAdapter Adapter { get; set; } = null!;

        public Func<ValueTask> Play { get; set; } = static () => default;

        public bool IsSynchronous => !name.StartsWith("Wait", StringComparison.Ordinal);

        public int Calls => Volatile.Read(ref _calls);

        /// <summary>Whether the link has room, and no frames.</summary>
        public bool Pauses { get; set; }

        // The wait for room is asked for where there was none.
        public bool TrySend(ReadOnlySpan<byte> frame)
        {
            Enter("TrySend");
            return name != "WaitToSend" || Pauses;
        }

        public void Flush() => Enter("Flush");

        public ValueTask WaitToSendAsync(CancellationToken cancellationToken) => EnterAsync("WaitToSend", default);

        public bool TryReceive(Span<byte> frame, out int length)
        {
            length = 0;
            Enter("TryReceive");
            return false;
        }

        public ValueTask WaitToReceiveAsync(CancellationToken cancellationToken)
        {
            if (name != "WaitToReceive" || Pauses)
                return new ValueTask(Task.Delay(Timeout.Infinite, cancellationToken));
            return EnterAsync("WaitToReceive", cancellationToken);
        }

        private void Enter(string call) => EnterAsync(call, default).AsTask().GetAwaiter().GetResult();

        private ValueTask EnterAsync(string call, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (call != name)
                return default;
            Interlocked.Increment(ref _calls);
            return Play();
        }
    }
}
