using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using VmBus.Guests;
using VmBus.InMemory;
using static VmBus.Devices.Tests.Sockets.SocketFixture;

namespace VmBus.Devices.Tests.Sockets;

/// <summary>Programs behind a guest's connect that throw, never answer, call the sockets they serve, or dispose them.</summary>
public sealed class HostileRequestTests
{
    private static readonly Guid Other = HvSocketService.FromPort(1);

    [Fact]
    public async Task A_program_that_throws_at_once_refuses_and_the_author_gets_the_exception()
    {
        var thrown = new InvalidTimeZoneException("Nobody expects this.");
        await using SocketFixture fixture = await MakeAsync(new HvSocketOptions { Requested = (_, _) => throw thrown });
        Assert.Equal(SocketError.ConnectionRefused, (await Assert.ThrowsAsync<HvSocketException>(() => fixture.Guest.ConnectAsync(Service, Token))).SocketErrorCode);
        Assert.Equal(1, fixture.Host.RefusedConnects);
        await UntilAsync(() => Told(fixture) == 1);
        Assert.Same(thrown, fixture.Failures[0].Exception);
    }

    [Fact]
    public async Task A_program_that_throws_behind_its_dispose_is_told_of()
    {
        var thrown = new InvalidTimeZoneException("Nobody expects this.");
        await using SocketFixture fixture = await MakeAsync(new HvSocketOptions
        {
            OpenTimeout = Patience.Limit,
            LingerTimeout = Patience.Limit,
            Requested = async (request, token) =>
            {
                await (await request.AcceptAsync(token)).DisposeAsync();
                throw thrown;
            },
        });
        HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        Assert.Equal(0, await guest.ReadAsync(new byte[1], Token));
        // Its end is said, so the host may take the channel back: and tells first what failed.
        guest.CompleteWriting();
        await UntilAsync(() => Told(fixture) == 1);
        Assert.Same(thrown, fixture.Failures[0].Exception);
        await guest.DisposeAsync();
    }

    [Fact]
    public async Task A_program_that_never_answers_is_refused_in_time_counted_and_told_when_the_sockets_are_disposed()
    {
        var clock = new FakeTimeProvider();
        await using var machine = new InMemoryMachine(new InMemoryMachineOptions { Clock = clock });
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = new HvSocketHost(machine.Host, new HvSocketOptions
        {
            Clock = clock,
            Requested = (_, token) =>
            {
                token.Register(cancelled.SetResult);
                return new TaskCompletionSource().Task;
            },
        });
        GuestBus bus = await machine.ConnectAsync(cancellationToken: Token);
        await bus.RequestOffersAsync(Token);
        using HvSocketListener listener = host.Listen(Other);
        var guest = new HvSocketGuest(bus, new HvSocketOptions { Clock = clock });
        Task<HvSocketStream> asking = guest.ConnectAsync(Service, Token);
        // It holds up no other.
        await using (HvSocketStream served = await guest.ConnectAsync(Other, Token))
            Assert.False(asking.IsCompleted);
        await UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return asking.IsCompleted;
        });
        await Assert.ThrowsAsync<HvSocketException>(() => asking);
        await UntilAsync(() => host.RefusedConnects == 1);
        Assert.False(cancelled.Task.IsCompleted);
        await host.DisposeAsync();
        await cancelled.Task.WaitAsync(Patience.Limit, Token);
    }

    [Fact]
    public async Task A_program_may_listen_connect_and_accept_from_within_a_request_but_accept_once()
    {
        SocketFixture? made = null;
        await using SocketFixture fixture = await MakeAsync(new HvSocketOptions
        {
            ConnectTimeout = Patience.Limit,
            OpenTimeout = Patience.Limit,
            LingerTimeout = Patience.Limit,
            Requested = async (request, token) =>
            {
                if (request.Service != Service)
                    return;
                using HvSocketListener listener = made!.Host.Listen(Other);
                // The guest's connect, within the answer to another.
                await using (HvSocketStream there = await made.Guest.ConnectAsync(Other, token))
                await using (HvSocketStream here = await listener.AcceptAsync(token))
                    Assert.Equal(1, made.Host.ConnectionCount);
                await using HvSocketStream stream = await request.AcceptAsync(token);
                await Assert.ThrowsAsync<InvalidOperationException>(() => request.AcceptAsync(token));
                await stream.WriteAsync(new byte[1], token);
            },
        });
        made = fixture;
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        Assert.Equal(1, await guest.ReadAsync(new byte[1], Token));
        Assert.Equal(0, await guest.ReadAsync(new byte[1], Token));
        Assert.Equal(0, Told(fixture));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_program_may_dispose_its_sockets_from_within_a_request(bool accepts)
    {
        SocketFixture? made = null;
        var returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using SocketFixture fixture = await MakeAsync(new HvSocketOptions
        {
            OpenTimeout = Patience.Limit,
            LingerTimeout = Patience.Limit,
            Requested = async (request, token) =>
            {
                if (accepts)
                    await request.AcceptAsync(token);
                // In a callback of the token, too, and blocking.
                token.Register(() => made!.Host.DisposeAsync().AsTask().Wait(Patience.Limit));
                await made!.Host.DisposeAsync();
                returned.SetResult();
            },
        });
        made = fixture;
        Exception? refused = await Record.ExceptionAsync(async () =>
        {
            await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
            Assert.Equal(0, await guest.ReadAsync(new byte[1], Token));
        });
        Assert.True(accepts || refused is HvSocketException, refused?.ToString());
        await returned.Task.WaitAsync(Patience.Limit, Token);
        await fixture.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_callback_of_the_token_that_throws_is_told_when_all_has_ended()
    {
        await using SocketFixture fixture = await MakeAsync(new HvSocketOptions
        {
            OpenTimeout = Patience.Limit,
            LingerTimeout = Patience.Limit,
            Requested = async (request, token) =>
            {
                // Never taken back: the end of the connection, which comes beside the cancellation, would take it back before it is called.
                _ = token.Register(static () => throw new InvalidTimeZoneException("Nobody expects this."));
                HvSocketStream stream = await request.AcceptAsync(token);
                await stream.ReadExactlyAsync(new byte[1], CancellationToken.None);
            },
        });
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        AggregateException told = await Assert.ThrowsAsync<AggregateException>(() => fixture.Host.DisposeAsync().AsTask());
        Assert.IsType<InvalidTimeZoneException>(told.Flatten().InnerException);
        Assert.Equal(0, fixture.Host.ConnectionCount);
        Assert.Equal(0, await guest.ReadAsync(new byte[1], Token));
    }

    private static int Told(SocketFixture fixture)
    {
        lock (fixture.Failures)
            return fixture.Failures.Count;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (!condition())
            await Task.Delay(1, limit.Token);
    }
}
