using System.Net.Sockets;
using VmBus.Guests;
using VmBus.Pipes;
using VmBus.Protocol;
using static VmBus.Devices.Tests.Sockets.SocketFixture;

namespace VmBus.Devices.Tests.Sockets;

/// <summary>Connections both ways, from their first byte to their last.</summary>
public sealed class HvSocketTests
{
    [Fact]
    public async Task A_guest_connects_to_a_listener_and_each_direction_ends_on_its_own()
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service);
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        await using HvSocketStream host = await listener.AcceptAsync(Token);
        Assert.Equal((guest.Service, guest.Endpoint), (host.Service, host.Endpoint));
        await ConverseAsync(guest, host);
    }

    [Fact]
    public async Task A_host_connects_to_a_service_that_the_guest_accepts()
    {
        await using SocketFixture fixture = await MakeAsync();
        await using IAsyncEnumerator<HvSocketStream> accepted = fixture.Guest.AcceptAllAsync(Service, Token).GetAsyncEnumerator(Token);
        ValueTask<bool> accepting = accepted.MoveNextAsync();
        await using HvSocketStream host = await fixture.Host.ConnectAsync(Service, Token);
        Assert.True(await accepting);
        await using HvSocketStream guest = accepted.Current;
        await ConverseAsync(host, guest);
    }

    [Fact]
    public async Task A_service_that_nothing_listens_on_is_refused_at_once()
    {
        await using SocketFixture fixture = await MakeAsync();
        HvSocketException refused = await Assert.ThrowsAsync<HvSocketException>(() => fixture.Guest.ConnectAsync(Service, Token));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        Assert.Equal(1, fixture.Host.RefusedConnects);
        Assert.Empty(fixture.Failures);
    }

    [Fact]
    public async Task A_listener_that_was_disposed_listens_no_more_and_ends_what_it_had()
    {
        await using SocketFixture fixture = await MakeAsync();
        HvSocketListener listener = fixture.Host.Listen(Service);
        Assert.Throws<InvalidOperationException>(() => fixture.Host.Listen(Service));
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        Task<HvSocketStream> accepting = listener.AcceptAsync(Token).AsTask();
        await using (HvSocketStream host = await accepting)
        {
        }
        await using HvSocketStream second = await fixture.Guest.ConnectAsync(Service, Token);
        accepting = listener.AcceptAsync(Token).AsTask();
        await using HvSocketStream taken = await accepting;
        accepting = listener.AcceptAsync(Token).AsTask();
        listener.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => accepting);
        await Assert.ThrowsAsync<HvSocketException>(() => fixture.Guest.ConnectAsync(Service, Token));
        fixture.Host.Listen(Service).Dispose();
    }

    [Fact]
    public async Task More_than_the_backlog_is_refused_until_one_is_taken()
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service, backlog: 2);
        await using HvSocketStream first = await fixture.Guest.ConnectAsync(Service, Token);
        await using HvSocketStream second = await fixture.Guest.ConnectAsync(Service, Token);
        await Assert.ThrowsAsync<HvSocketException>(() => fixture.Guest.ConnectAsync(Service, Token));
        await using HvSocketStream taken = await listener.AcceptAsync(Token);
        await using HvSocketStream third = await fixture.Guest.ConnectAsync(Service, Token);
    }

    [Fact]
    public async Task What_a_guest_wrote_before_it_closed_is_read_after()
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service);
        byte[] bytes = [.. Enumerable.Range(0, 20_000).Select(i => (byte)(i / 3))];
        HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        await using HvSocketStream host = await listener.AcceptAsync(Token);
        await guest.WriteAsync(bytes, Token);
        var begun = new byte[7];
        await host.ReadExactlyAsync(begun, Token);
        await guest.DisposeAsync();
        // Nothing but the stream itself keeps it: the channel and its memory are gone.
        host.CompleteWriting();
        await fixture.AssertNothingIsLeftAsync();
        var rest = new byte[bytes.Length - begun.Length];
        await host.ReadExactlyAsync(rest, Token);
        Assert.Equal(bytes, begun.Concat(rest));
        Assert.Equal(0, await host.ReadAsync(rest, Token));
        HvSocketException gone = await Assert.ThrowsAsync<HvSocketException>(() => host.WriteAsync(begun, Token).AsTask());
        Assert.Equal(SocketError.ConnectionReset, gone.SocketErrorCode);
    }

    // As a Linux guest does: its kernel closes the channel when it is rescinded, and not before.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20)]
    public async Task A_connection_that_both_have_ended_goes_when_the_guest_has_read_all_and_not_before(int packets)
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service);
        GuestOffer offer = await fixture.Bus.ConnectTransportAsync(Guid.NewGuid(), Service, cancellationToken: Token);
        await using VmBusChannel channel = await fixture.Bus.OpenAsync(offer, new GuestChannelOptions { OutgoingSize = 6 * 4096, IncomingSize = 6 * 4096 }, Token);
        await using var guest = new PipeStream(channel, leaveOpen: true);
        HvSocketStream host = await listener.AcceptAsync(Token);
        var sent = new byte[100];
        for (int packet = 0; packet < packets; packet++)
            await host.WriteAsync(sent, Token);
        await host.DisposeAsync();
        guest.CompleteWriting();
        for (int packet = 0; packet < packets; packet++)
        {
            for (int look = 0; look < 20; look++)
            {
                Assert.False(channel.Completion.IsCompleted, $"it was taken away with {packets - packet} packets unread");
                await Task.Yield();
            }
            Assert.Equal(sent.Length, await guest.ReadAsync(sent, Token));
        }
        await channel.Completion.WaitAsync(Patience.Limit, Token);
    }

    [Fact]
    public async Task A_read_that_waits_ends_with_a_dispose_and_with_a_token()
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service);
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        HvSocketStream host = await listener.AcceptAsync(Token);
        using var cancel = new CancellationTokenSource();
        Task<int> reading = host.ReadAsync(new byte[1], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        foreach (CancellationToken token in new[] { CancellationToken.None, new CancellationTokenSource().Token })
        {
            reading = host.ReadAsync(new byte[1], token).AsTask();
            await guest.WriteAsync(new byte[1], Token);
            Assert.Equal(1, await reading);
        }
        reading = host.ReadAsync(new byte[1], CancellationToken.None).AsTask();
        await host.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => host.ReadAsync(new byte[1], Token).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => host.WriteAsync(new byte[1], Token).AsTask());
        Assert.Throws<ObjectDisposedException>(host.CompleteWriting);
    }

    [Fact]
    public async Task The_blocking_calls_do_as_the_others()
    {
        await using SocketFixture fixture = await MakeAsync();
        using HvSocketListener listener = fixture.Host.Listen(Service);
        await using HvSocketStream guest = await fixture.Guest.ConnectAsync(Service, Token);
        await using HvSocketStream host = await listener.AcceptAsync(Token);
        guest.Write([1, 2, 3]);
        host.ReadTimeout = (int)Patience.Limit.TotalMilliseconds;
        var got = new byte[3];
        host.ReadExactly(got);
        Assert.Equal([1, 2, 3], got);
        host.ReadTimeout = 1;
        Assert.Throws<TimeoutException>(() => host.Read(got));
        Assert.Throws<ArgumentOutOfRangeException>(() => host.ReadTimeout = 0);
    }

    [Fact]
    public async Task Two_hundred_connections_each_way_at_once_and_one_that_reads_nothing_holds_up_none()
    {
        const int Count = 200;
        await using SocketFixture fixture = await MakeAsync();
        using var done = new CancellationTokenSource();
        using HvSocketListener listener = fixture.Host.Listen(Service, Count + 1);
        await using HvSocketStream stuck = await fixture.Guest.ConnectAsync(Service, Token);
        await using HvSocketStream stuckHost = await listener.AcceptAsync(Token);
        Task stuckWrite = stuckHost.WriteAsync(new byte[1 << 20], done.Token).AsTask();

        Task hostEcho = EchoAllAsync(listener.AcceptAllAsync(done.Token));
        Task guestEcho = EchoAllAsync(fixture.Guest.AcceptAllAsync(HvSocketService.FromPort(6000), done.Token));
        await Task.WhenAll(Enumerable.Range(0, Count).SelectMany(number => new[]
        {
            AskAsync(fixture.Guest.ConnectAsync(Service, Token), number),
            AskAsync(fixture.Host.ConnectAsync(HvSocketService.FromPort(6000), Token), number),
        }));
        Assert.False(stuckWrite.IsCompleted);
        await done.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stuckWrite);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hostEcho);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => guestEcho);
        Assert.Empty(fixture.Failures);
    }

    private static async Task AskAsync(Task<HvSocketStream> connecting, int number)
    {
        await using HvSocketStream stream = await connecting;
        var random = new Random(number);
        var sent = new byte[60_000];
        random.NextBytes(sent);
        Task writing = WriteAsync();
        using var got = new MemoryStream();
        await stream.CopyToAsync(got, Token);
        await writing;
        Assert.Equal(sent, got.ToArray());

        async Task WriteAsync()
        {
            for (int at = 0; at < sent.Length;)
            {
                int length = Math.Min(random.Next(1, 9000), sent.Length - at);
                await stream.WriteAsync(sent.AsMemory(at, length), Token);
                at += length;
            }
            stream.CompleteWriting();
        }
    }

    private static async Task EchoAllAsync(IAsyncEnumerable<HvSocketStream> accepted)
    {
        var echoes = new List<Task>();
        try
        {
            await foreach (HvSocketStream stream in accepted)
                echoes.Add(EchoAsync(stream));
        }
        finally
        {
            await Task.WhenAll(echoes);
        }

        static async Task EchoAsync(HvSocketStream stream)
        {
            await using (stream)
                await stream.CopyToAsync(stream, CancellationToken.None);
        }
    }

    private static async Task ConverseAsync(HvSocketStream first, HvSocketStream second)
    {
        var got = new byte[5];
        await first.WriteAsync("hello"u8.ToArray(), Token);
        await second.ReadExactlyAsync(got, Token);
        Assert.Equal("hello"u8, got);
        first.CompleteWriting();
        Assert.False(first.CanWrite);
        Assert.Equal(0, await second.ReadAsync(got, Token));
        await second.WriteAsync("there"u8.ToArray(), Token);
        await first.ReadExactlyAsync(got, Token);
        Assert.Equal("there"u8, got);
        await second.DisposeAsync();
        Assert.Equal(0, await first.ReadAsync(got, Token));
    }
}
