using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Protocol;
using static VmBus.Devices.Tests.Sockets.SocketFixture;

namespace VmBus.Devices.Tests.Sockets;

/// <summary>Calls of sockets that are cancelled while they wait: relids, GPADLs, mappings and connections are what they were.</summary>
public sealed class CancelledSocketTests
{
    private const int Steps = 12;

    public static TheoryData<string> Calls => ["guest's connect", "guest's accept", "host's connect", "request's accept"];

    [Fact]
    public async Task A_connect_that_the_guest_has_not_opened_ends_with_the_bus()
    {
        // Its clock stands still: the connect's own limit never comes.
        await using var machine = new InMemoryMachine();
        await using var host = new HvSocketHost(machine.Host, new HvSocketOptions { Clock = new FakeTimeProvider() });
        GuestBus bus = await machine.ConnectAsync(cancellationToken: Token);
        await bus.RequestOffersAsync(Token);
        Task<HvSocketStream> connecting = host.ConnectAsync(Service, Token);
        await machine.Host.DisposeAsync();
        HvSocketException error = await Assert.ThrowsAsync<HvSocketException>(() => connecting.WaitAsync(Patience.Limit, Token));
        Assert.Equal(SocketError.ConnectionAborted, error.SocketErrorCode);
        while (host.ConnectionCount != 0)
            await Task.Delay(1, Token);
    }

    // Each message of the guest's is where one of its waits ends and the next begins.
    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_call_that_is_cancelled_at_any_message_leaves_nothing(string call)
    {
        int cancelled = 0;
        for (int step = 0; step < Steps; step++)
        {
            var clock = new FakeTimeProvider();
            var observer = new CancellingObserver();
            using var cancel = new CancellationTokenSource();
            await using var machine = new InMemoryMachine();
            await using var host = new HvSocketHost(machine.Host, new HvSocketOptions
            {
                Clock = clock,
                Requested = async (request, token) => await (await request.AcceptAsync(call == "request's accept" ? cancel.Token : token)).DisposeAsync(),
            });
            GuestBus bus = await machine.ConnectAsync(new GuestBusOptions { Observer = observer }, Token);
            await bus.RequestOffersAsync(Token);
            var guest = new HvSocketGuest(bus, new HvSocketOptions { Clock = clock });
            HostBusStatistics before = await machine.Host.GetStatisticsAsync();
            observer.CancelAt(step, cancel);
            Task<HvSocketStream> asking = call switch
            {
                "guest's connect" => guest.ConnectAsync(Service, cancel.Token),
                "request's accept" => guest.ConnectAsync(Service, Token),
                "guest's accept" => FirstAsync(guest.AcceptAllAsync(Service, cancel.Token)),
                _ => host.ConnectAsync(Service, cancel.Token),
            };
            // The other end of it.
            using var over = new CancellationTokenSource();
            Task<HvSocketStream>? answering = call switch
            {
                "guest's accept" => host.ConnectAsync(Service, Token),
                "host's connect" => FirstAsync(guest.AcceptAllAsync(Service, over.Token)),
                _ => null,
            };
            Exception? ended = await EndAsync(asking, clock);
            Assert.True(ended is null or OperationCanceledException or HvSocketException, ended?.ToString());
            if (ended is not null)
                cancelled++;
            await over.CancelAsync();
            if (answering is not null)
                await EndAsync(answering, clock);
            // The time of an open that does not come takes the offer back.
            HostBusStatistics after;
            do
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                await Task.Delay(1, Token);
                after = await machine.Host.GetStatisticsAsync();
            }
            while (host.ConnectionCount != 0 || (after.Relids, after.Gpadls, after.RingMappings, after.OpenChannels, after.AbandonedCalls) != (before.Relids, before.Gpadls, before.RingMappings, before.OpenChannels, 0));
            Assert.Equal(0, after.LostServices);
            // And both go on.
            observer.CancelAt(-1, cancel);
            using HvSocketListener listener = host.Listen(HvSocketService.FromPort(7));
            await using HvSocketStream later = await guest.ConnectAsync(HvSocketService.FromPort(7), Token);
        }
        Assert.True(cancelled > 1, "Nothing was cancelled.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_accept_of_a_listener_that_is_cancelled_takes_no_connection(bool all)
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service, backlog: 1);
        using var cancel = new CancellationTokenSource();
        Task<HvSocketStream> accepting = all ? FirstAsync(listener.AcceptAllAsync(cancel.Token)) : listener.AcceptAsync(cancel.Token).AsTask();
        Assert.False(accepting.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accepting);
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => listener.AcceptAsync(cancel.Token).AsTask());
        // It still has its place.
        await Assert.ThrowsAsync<HvSocketException>(() => fixture.Guest.ConnectAsync(Service, Token));
        await using HvSocketStream host = await listener.AcceptAsync(Token);
        Assert.Equal(guest.Endpoint, host.Endpoint);
    }

    private static async Task<HvSocketStream> FirstAsync(IAsyncEnumerable<HvSocketStream> accepted)
    {
        await foreach (HvSocketStream stream in accepted)
            return stream;
        throw new InvalidOperationException("There was none.");
    }

    private static async Task<Exception?> EndAsync(Task<HvSocketStream> asking, FakeTimeProvider clock)
    {
        Exception? ended = await Record.ExceptionAsync(async () =>
        {
            while (!asking.IsCompleted)
            {
                clock.Advance(TimeSpan.FromMilliseconds(100));
                await Task.Delay(1, Token);
            }
            await (await asking).DisposeAsync();
        });
        return ended;
    }

    private sealed class CancellingObserver : IMessageObserver
    {
        private CancellationTokenSource? _cancel;
        private int _left = -1;

        public void CancelAt(int message, CancellationTokenSource cancel)
        {
            _cancel = cancel;
            Volatile.Write(ref _left, message < 0 ? int.MaxValue : message);
        }

        public void Observe(MessageDirection direction, ReadOnlySpan<byte> message, NegotiatedVersion negotiated, MessageFault fault)
        {
            if (_cancel is { } cancel && Interlocked.Decrement(ref _left) == -1)
                cancel.Cancel();
        }
    }
}
