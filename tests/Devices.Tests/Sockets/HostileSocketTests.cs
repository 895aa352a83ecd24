using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using VmBus.Guests;
using VmBus.Protocol;
using static VmBus.Devices.Tests.Sockets.SocketFixture;

namespace VmBus.Devices.Tests.Sockets;

/// <summary>Guests that do not do their part, and programs that fail.</summary>
public sealed class HostileSocketTests
{
    [Fact]
    public async Task A_guest_that_never_opens_what_it_is_to_accept_costs_a_timeout()
    {
        var clock = new FakeTimeProvider();
        await using SocketFixture fixture = await MakeAsync(new HvSocketOptions { Clock = clock });
        Task<HvSocketStream> connecting = fixture.Host.ConnectAsync(Service, Token);
        await OfferedAsync(fixture);
        TimeSpan passed = await PassAsync(clock, () => connecting.IsCompleted);
        Assert.True(passed >= TimeSpan.FromSeconds(2), $"after {passed}");
        Assert.Equal(SocketError.TimedOut, (await Assert.ThrowsAsync<HvSocketException>(() => connecting)).SocketErrorCode);
        await fixture.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_guest_that_opens_others_meanwhile_has_longer_but_not_for_ever()
    {
        var clock = new FakeTimeProvider();
        await using SocketFixture fixture = await MakeAsync(new HvSocketOptions { Clock = clock });
        using HvSocketListener listener = fixture.Host.Listen(HvSocketService.FromPort(1));
        Task<HvSocketStream> connecting = fixture.Host.ConnectAsync(Service, Token);
        await OfferedAsync(fixture);
        DateTimeOffset start = clock.GetUtcNow();
        while (!connecting.IsCompleted)
        {
            // One is opened before each second of the clock: less than a connect's time lies between two.
            await using HvSocketStream guest = await fixture.Guest.ConnectAsync(HvSocketService.FromPort(1), Token);
            await using HvSocketStream host = await listener.AcceptAsync(Token);
            clock.Advance(TimeSpan.FromSeconds(1));
        }
        TimeSpan passed = clock.GetUtcNow() - start;
        Assert.True(passed >= TimeSpan.FromSeconds(20), $"after {passed}");
        Assert.Equal(SocketError.TimedOut, (await Assert.ThrowsAsync<HvSocketException>(() => connecting)).SocketErrorCode);
    }

    [Fact]
    public async Task A_connect_that_is_given_up_takes_its_offer_back()
    {
        await using SocketFixture fixture = await MakeAsync();
        using var cancel = new CancellationTokenSource();
        Task<HvSocketStream> connecting = fixture.Host.ConnectAsync(Service, cancel.Token);
        await OfferedAsync(fixture);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        await fixture.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_guest_that_asks_and_never_opens_has_its_place_for_the_time_of_an_open()
    {
        var clock = new FakeTimeProvider();
        await using SocketFixture fixture = await MakeAsync(new HvSocketOptions { Clock = clock });
        using HvSocketListener listener = fixture.Host.Listen(Service, backlog: 1);
        await fixture.Bus.ConnectTransportAsync(Guid.NewGuid(), Service, cancellationToken: Token);
        await Assert.ThrowsAsync<HvSocketException>(() => fixture.Guest.ConnectAsync(Service, Token));
        TimeSpan passed = await PassAsync(clock, () => fixture.Host.ConnectionCount == 0);
        Assert.True(passed >= TimeSpan.FromSeconds(5), $"after {passed}");
        await fixture.AssertNothingIsLeftAsync();
        await using HvSocketStream later = await fixture.Guest.ConnectAsync(Service, Token);
    }

    [Fact]
    public async Task An_end_that_is_in_use_is_refused_and_so_is_a_second_open()
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service);
        var endpoint = Guid.NewGuid();
        GuestOffer offer = await fixture.Bus.ConnectTransportAsync(endpoint, Service, cancellationToken: Token);
        VmBusChannel channel = await fixture.Bus.OpenAsync(offer, cancellationToken: Token);
        await using HvSocketStream host = await listener.AcceptAsync(Token);
        GuestBusException refused = await Assert.ThrowsAsync<GuestBusException>(() => fixture.Bus.ConnectTransportAsync(endpoint, Service, cancellationToken: Token));
        Assert.Equal(GuestBusError.Refused, refused.Error);
        await channel.DisposeAsync();
        // The host may have taken it back by now.
        await Assert.ThrowsAnyAsync<Exception>(() => fixture.Bus.OpenAsync(offer, cancellationToken: Token));
        Assert.Equal(0, await host.ReadAsync(new byte[1], Token));
    }

    [Fact]
    public async Task Over_the_limit_of_connections_both_ends_are_refused()
    {
        await using SocketFixture fixture = await MakeAsync(new HvSocketOptions { MaxConnections = 1, OpenTimeout = Patience.Limit });
        using HvSocketListener listener = fixture.Host.Listen(Service);
        await using (HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token))
        await using (HvSocketStream host = await listener.AcceptAsync(Token))
        {
            await Assert.ThrowsAsync<HvSocketException>(() => fixture.Guest.ConnectAsync(Service, Token));
            Assert.Equal(SocketError.TooManyOpenSockets, (await Assert.ThrowsAsync<HvSocketException>(() => fixture.Host.ConnectAsync(Service, Token))).SocketErrorCode);
        }
        await fixture.AssertNothingIsLeftAsync();
        await using HvSocketStream later = await fixture.Guest.ConnectAsync(Service, Token);
    }

    [Fact]
    public async Task A_guest_that_goes_on_sending_after_the_end_loses_its_channel()
    {
        var clock = new FakeTimeProvider();
        await using SocketFixture fixture = await MakeAsync(new HvSocketOptions { Clock = clock });
        using HvSocketListener listener = fixture.Host.Listen(Service);
        GuestOffer offer = await fixture.Bus.ConnectTransportAsync(Guid.NewGuid(), Service, cancellationToken: Token);
        await using VmBusChannel channel = await fixture.Bus.OpenAsync(offer, cancellationToken: Token);
        using var guest = new Pipes.PipeStream(channel, leaveOpen: true);
        HvSocketStream host = await listener.AcceptAsync(Token);
        await host.DisposeAsync();
        Task sending = Task.Run(async () =>
        {
            while (true)
                await guest.WriteAsync(new byte[4000], CancellationToken.None);
        }, Token);
        // The service is at its drain: what the guest sends goes somewhere.
        Assert.Equal(0, await guest.ReadAsync(new byte[1], Token));
        TimeSpan passed = await PassAsync(clock, () => channel.Completion.IsCompleted);
        Assert.True(passed >= TimeSpan.FromSeconds(8), $"after {passed}");
        await Assert.ThrowsAsync<PeerDisconnectedException>(() => sending);
    }

    [Fact]
    public async Task A_program_that_throws_before_it_accepts_refuses_and_after_it_resets_and_both_are_told()
    {
        bool accepts = false;
        await using SocketFixture fixture = await MakeAsync(new HvSocketOptions
        {
            OpenTimeout = Patience.Limit,
            Requested = async (request, token) =>
            {
                if (accepts)
                {
                    HvSocketStream stream = await request.AcceptAsync(token);
                    await stream.ReadExactlyAsync(new byte[1], token);
                }
                throw new FormatException("thrown on purpose");
            },
        });
        Assert.Equal(SocketError.ConnectionRefused, (await Assert.ThrowsAsync<HvSocketException>(() => fixture.Guest.ConnectAsync(Service, Token))).SocketErrorCode);
        accepts = true;
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        await guest.WriteAsync(new byte[1], Token);
        Assert.Equal(0, await guest.ReadAsync(new byte[1], Token));
        await fixture.AssertNothingIsLeftAsync();
        while (true)
        {
            lock (fixture.Failures)
            {
                if (fixture.Failures.Count == 2)
                    break;
            }
            await Task.Delay(1, Token);
        }
        Assert.All(fixture.Failures, failed => Assert.Equal("thrown on purpose", failed.Exception.Message));
    }

    [Fact]
    public async Task Sockets_that_are_disposed_take_every_connection_away_and_refuse()
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service);
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        await using HvSocketStream taken = await listener.AcceptAsync(Token);
        await using HvSocketStream waiting = await fixture.Guest.ConnectAsync(Service, Token);
        Task<HvSocketStream> connecting = fixture.Host.ConnectAsync(HvSocketService.FromPort(1), Token);
        Assert.Throws<InvalidOperationException>(() => new HvSocketHost(fixture.Machine.Host));
        await fixture.Host.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => connecting);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => fixture.Host.ConnectAsync(Service, Token));
        Assert.Throws<ObjectDisposedException>(() => fixture.Host.Listen(Service));
        Assert.Equal(0, await guest.ReadAsync(new byte[1], Token));
        Assert.Equal(0, await waiting.ReadAsync(new byte[1], Token));
        await Assert.ThrowsAsync<HvSocketException>(() => fixture.Guest.ConnectAsync(Service, Token));
        await using var next = new HvSocketHost(fixture.Machine.Host);
    }

    [Fact]
    public async Task Each_of_many_disposes_ends_when_no_connection_is_left_and_none_is_made_behind_them()
    {
        for (int round = 0; round < 30; round++)
        {
            await using SocketFixture fixture = await MakeAsync();
            using HvSocketListener listener = fixture.Host.Listen(Service);
            Task accepting = AcceptAllAsync(fixture.Guest.AcceptAllAsync(HvSocketService.FromPort(1), Token));
            await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
            Task<HvSocketStream>[] connecting = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(() => fixture.Host.ConnectAsync(HvSocketService.FromPort(1), Token)))];
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
            {
                await fixture.Host.DisposeAsync();
                Assert.Equal(0, fixture.Host.ConnectionCount);
            })));
            foreach (Task<HvSocketStream> connect in connecting)
            {
                Exception? refused = await Record.ExceptionAsync(() => connect);
                Assert.True(refused is null or ObjectDisposedException, refused?.ToString());
                if (refused is null)
                    Assert.Equal(0, await (await connect).ReadAsync(new byte[1], Token));
            }
            Assert.Equal(0, fixture.Host.ConnectionCount);
            Assert.Equal(0, (await fixture.Machine.Host.GetStatisticsAsync()).OpenChannels);
            await fixture.Bus.DisposeAsync();
            await Record.ExceptionAsync(() => accepting);
            Assert.Empty(fixture.Failures);
        }

        static async Task AcceptAllAsync(IAsyncEnumerable<HvSocketStream> accepted)
        {
            await foreach (HvSocketStream stream in accepted)
                GC.KeepAlive(stream);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_write_that_waits_for_room_ends_with_a_dispose_a_token_and_its_time(bool blocks)
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service);
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        HvSocketStream host = await listener.AcceptAsync(Token);
        host.WriteTimeout = 1;
        Assert.Throws<TimeoutException>(() => host.Write(new byte[100_000]));
        host.WriteTimeout = Timeout.Infinite;
        using var cancel = new CancellationTokenSource();
        Task writing = host.WriteAsync(new byte[100_000], cancel.Token).AsTask();
        Assert.False(writing.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        writing = blocks
            ? Task.Factory.StartNew(() => host.Write(new byte[100_000]), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            : host.WriteAsync(new byte[100_000], CancellationToken.None).AsTask();
        Assert.False(writing.IsCompleted);
        await host.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => writing.WaitAsync(Patience.Limit, Token));
        // The other end reads what there was room for, and the end.
        byte[] got = new byte[100_000];
        Assert.InRange(await guest.ReadAtLeastAsync(got, got.Length, throwOnEndOfStream: false, Token), 1, 30_000);
    }

    [Fact]
    public async Task What_was_lost_with_the_bus_of_its_reader_is_no_end()
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service);
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        await using HvSocketStream host = await listener.AcceptAsync(Token);
        await host.WriteAsync(new byte[100], Token);
        await fixture.Bus.DisposeAsync();
        await guest.Completion.WaitAsync(Patience.Limit, Token);
        HvSocketException lost = await Assert.ThrowsAsync<HvSocketException>(() => guest.ReadAsync(new byte[100], Token).AsTask());
        Assert.Equal(SocketError.ConnectionReset, lost.SocketErrorCode);
    }

    [Fact]
    public async Task Nothing_connects_to_a_guest_that_is_not_there()
    {
        await using var machine = new InMemory.InMemoryMachine();
        await using var host = new HvSocketHost(machine.Host);
        Assert.Equal(SocketError.HostUnreachable, (await Assert.ThrowsAsync<HvSocketException>(() => host.ConnectAsync(Service, Token))).SocketErrorCode);
    }

    // A timer begins when the code under test gets there: the clock goes on in small steps until it has run out.
    private static async Task<TimeSpan> PassAsync(FakeTimeProvider clock, Func<bool> isDone)
    {
        DateTimeOffset start = clock.GetUtcNow();
        while (!isDone())
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(1, Token);
        }

        return clock.GetUtcNow() - start;
    }

    private static async Task OfferedAsync(SocketFixture fixture)
    {
        await foreach (OfferChange change in fixture.Bus.WatchOffersAsync(Token))
        {
            if (change.Offer.InterfaceType == Service)
                return;
        }
    }
}
