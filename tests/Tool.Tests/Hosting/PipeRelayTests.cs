using System.Net.Sockets;
using System.Runtime.Versioning;
using FsCheck.Xunit;
using VmBus.Guests;
using VmBus.Pipes;
using static VmBus.Tool.Tests.Hosting.PipeFixture;

namespace VmBus.Tool.Tests.Hosting;

/// <summary>A guest's pipe and real clients of its Unix-domain socket.</summary>
[SupportedOSPlatform("linux")]
public sealed class PipeRelayTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Property(MaxTest = 20)]
    public async Task Bytes_go_both_ways_intact(int seed)
    {
        await using PipeFixture fixture = await StartAsync();
        var random = new Random(seed);
        (GuestChannel channel, PipeStream guest) = await fixture.OpenAsync(4096 << random.Next(5));
        await using var closing = channel;
        using NetworkStream client = await fixture.ConnectAsync();
        byte[] down = Bytes(random.Next(300_000), seed), up = Bytes(random.Next(300_000), seed + 1);
        byte[] gotDown = new byte[down.Length], gotUp = new byte[up.Length];
        await Within(Task.WhenAll(
            WriteAsync(client, down, new Random(seed)), WriteAsync(guest, up, new Random(seed + 1)),
            guest.ReadExactlyAsync(gotDown, Token).AsTask(), client.ReadExactlyAsync(gotUp, Token).AsTask()));
        Assert.Equal(down, gotDown);
        Assert.Equal(up, gotUp);
        await UntilAsync(() => (fixture.Relay.Counts.ToGuest, fixture.Relay.Counts.FromGuest) == (down.Length, up.Length), "the counts differ");
        Assert.Equal($"{down.Length} bytes to the guest, {up.Length} bytes from it, a client is connected", fixture.Relay.Counts.ToString());
    }

    [Fact]
    public async Task What_the_guest_writes_while_nobody_is_connected_waits_for_the_next_client()
    {
        await using PipeFixture fixture = await StartAsync();
        (GuestChannel channel, PipeStream guest) = await fixture.OpenAsync(8192);
        await using var closing = channel;
        byte[] first = Bytes(100, 1);
        await guest.WriteAsync(first, Token);
        for (int round = 0; round < 5; round++)
        {
            using (NetworkStream client = await fixture.ConnectAsync())
            {
                await ExpectAsync(client, first);
                await client.WriteAsync(first, Token);
                await ExpectAsync(guest, first);
            }
            await fixture.UntilClientAsync(false);
            first = Bytes(100 + round, round);
            await guest.WriteAsync(first, Token);
        }
        using NetworkStream last = await fixture.ConnectAsync();
        await ExpectAsync(last, first);
        Assert.False(guest.IsEndOfStream);
    }

    // Whatever the moment at which a client goes, what its socket did not take is the next one's.
    [Property(MaxTest = 20)]
    public async Task Nothing_is_lost_between_a_client_that_went_and_the_next(int seed)
    {
        await using PipeFixture fixture = await StartAsync();
        var random = new Random(seed);
        (GuestChannel channel, PipeStream guest) = await fixture.OpenAsync();
        await using var closing = channel;
        using (await fixture.ConnectAsync())
        {
            await fixture.UntilClientAsync(true);
            // The guest writes while the client goes.
        }
        byte[] data = Bytes(random.Next(1, 40_000), seed);
        await WriteAsync(guest, data, random);
        await fixture.UntilClientAsync(false);
        using NetworkStream next = await fixture.ConnectAsync();
        await ExpectAsync(next, data);
    }

    [Fact]
    public async Task A_client_that_says_its_end_is_still_answered_and_the_guest_sees_no_end()
    {
        await using PipeFixture fixture = await StartAsync();
        (GuestChannel channel, PipeStream guest) = await fixture.OpenAsync();
        await using var closing = channel;
        using (NetworkStream client = await fixture.ConnectAsync())
        {
            await client.WriteAsync("question"u8.ToArray(), Token);
            client.Socket.Shutdown(SocketShutdown.Send);
            await ExpectAsync(guest, "question"u8.ToArray());
            await guest.WriteAsync("answer"u8.ToArray(), Token);
            await ExpectAsync(client, "answer"u8.ToArray());
            Assert.True(fixture.Relay.Counts.IsConnected);
        }
        await fixture.UntilClientAsync(false);
        using NetworkStream next = await fixture.ConnectAsync();
        await next.WriteAsync("next"u8.ToArray(), Token);
        await ExpectAsync(guest, "next"u8.ToArray());
        Assert.False(guest.IsEndOfStream);
    }

    [Fact]
    public async Task The_guests_end_is_each_clients_end_and_it_can_still_be_written_to()
    {
        await using PipeFixture fixture = await StartAsync();
        (GuestChannel channel, PipeStream guest) = await fixture.OpenAsync();
        await using var closing = channel;
        await guest.WriteAsync("last words"u8.ToArray(), Token);
        await guest.CompleteWritingAsync(Token);
        foreach (string expected in new[] { "last words", "" })
        {
            using NetworkStream client = await fixture.ConnectAsync();
            using var reader = new StreamReader(client);
            Assert.Equal(expected, await Within(reader.ReadToEndAsync(Token)));
            await client.WriteAsync("yes"u8.ToArray(), Token);
            await ExpectAsync(guest, "yes"u8.ToArray());
        }
    }

    [Fact]
    public async Task The_guests_close_is_the_clients_end_after_all_it_had_written()
    {
        await using PipeFixture fixture = await StartAsync();
        for (int round = 0; round < 5; round++)
        {
            (GuestChannel channel, PipeStream guest) = await fixture.OpenAsync();
            using NetworkStream client = await fixture.ConnectAsync();
            await fixture.UntilClientAsync(true);
            byte[] data = Bytes(50_000, round), got = new byte[data.Length];
            await guest.WriteAsync(data, Token);
            await Within(channel.CloseAsync(Token));
            await Within(client.ReadExactlyAsync(got, Token).AsTask());
            Assert.Equal(data, got);
            Assert.Equal(0, await Within(client.ReadAsync(got, Token).AsTask()));
            Assert.False(fixture.Relay.Counts.IsConnected);
        }
        Assert.Null(fixture.Offered.Failure);
    }

    [Fact]
    public async Task A_guest_that_closes_without_reading_is_not_kept_by_a_client_that_writes()
    {
        await using PipeFixture fixture = await StartAsync();
        (GuestChannel channel, PipeStream _) = await fixture.OpenAsync();
        using NetworkStream client = await fixture.ConnectAsync();
        Task writing = client.WriteAsync(new byte[4 << 20], Token).AsTask();
        await UntilAsync(() => fixture.Relay.Counts.ToGuest > 0, "nothing comes");
        await Within(channel.CloseAsync(Token));
        await Assert.ThrowsAsync<IOException>(() => Within(writing));
    }

    [Fact]
    public async Task A_client_that_does_not_read_keeps_the_guests_close_for_a_limited_time()
    {
        await using PipeFixture fixture = await StartAsync();
        (GuestChannel channel, PipeStream guest) = await fixture.OpenAsync();
        using NetworkStream client = await fixture.ConnectAsync();
        await FillAsync(guest);
        Task closing = channel.CloseAsync(Token);
        await UntilAsync(() =>
        {
            fixture.Clock.Advance(RelayedPipe.Patience);
            return closing.IsCompleted;
        }, "the guest's close hangs");
        await closing;
    }

    [Fact]
    public async Task Whoever_does_not_read_stops_the_other_and_loses_nothing()
    {
        await using PipeFixture fixture = await StartAsync();
        (GuestChannel channel, PipeStream guest) = await fixture.OpenAsync(8192);
        await using var closing = channel;

        // Nobody is connected: the ring is all there is.
        long waiting = await FillAsync(guest);
        Assert.InRange(waiting, 1, 8192);
        using NetworkStream client = await fixture.ConnectAsync();
        await ExpectCountedAsync(client, waiting);

        // Somebody is, who does not read: the socket, two pieces, the ring.
        long toClient = await FillAsync(guest), toGuest = await FillAsync(client);
        Assert.InRange(toClient, 1, 2 << 20);
        Assert.InRange(toGuest, 1, 2 << 20);
        await Task.WhenAll(ExpectCountedAsync(client, toClient), ExpectCountedAsync(guest, toGuest));
    }

    [Fact]
    public async Task All_that_a_client_had_sent_reaches_the_guest_after_it_went_and_before_the_next_clients()
    {
        await using PipeFixture fixture = await StartAsync();
        (GuestChannel channel, PipeStream guest) = await fixture.OpenAsync(4096);
        await using var closing = channel;
        byte[] first = Bytes(60_000, 1), second = Bytes(60_000, 2);
        using (NetworkStream client = await fixture.ConnectAsync())
            await client.WriteAsync(first, Token).AsTask().WaitAsync(Patience.Limit, Token);
        using NetworkStream next = await fixture.ConnectAsync();
        await next.WriteAsync(second, Token).AsTask().WaitAsync(Patience.Limit, Token);
        await ExpectAsync(guest, first);
        await ExpectAsync(guest, second);
    }

    [Fact]
    public async Task A_client_waits_until_the_one_before_it_goes()
    {
        await using PipeFixture fixture = await StartAsync();
        (GuestChannel channel, PipeStream guest) = await fixture.OpenAsync();
        await using var closing = channel;
        NetworkStream first = await fixture.ConnectAsync();
        using NetworkStream second = await fixture.ConnectAsync();
        await second.WriteAsync("second"u8.ToArray(), Token);
        await first.WriteAsync("first"u8.ToArray(), Token);
        await ExpectAsync(guest, "first"u8.ToArray());
        await guest.WriteAsync("to the first"u8.ToArray(), Token);
        await ExpectAsync(first, "to the first"u8.ToArray());
        await first.DisposeAsync();
        await ExpectAsync(guest, "second"u8.ToArray());
        await guest.WriteAsync("to the second"u8.ToArray(), Token);
        await ExpectAsync(second, "to the second"u8.ToArray());
    }

    [Fact]
    public async Task An_offer_that_is_taken_back_is_the_clients_end()
    {
        await using PipeFixture fixture = await StartAsync();
        (GuestChannel channel, PipeStream guest) = await fixture.OpenAsync();
        using NetworkStream client = await fixture.ConnectAsync();
        await guest.WriteAsync("there"u8.ToArray(), Token);
        await ExpectAsync(client, "there"u8.ToArray());
        await Within(fixture.Offered.RevokeAsync());
        Assert.Equal(0, await Within(client.ReadAsync(new byte[1], Token).AsTask()));
        fixture.Relay.Dispose();
        await Assert.ThrowsAsync<SocketException>(fixture.ConnectAsync);
        Assert.Equal(0, await Within(guest.ReadAsync(new byte[1], Token).AsTask()));
        await Within(channel.CloseAsync(Token));
    }

    [Fact]
    public async Task A_guest_that_breaks_its_pipe_ends_the_client_and_may_open_it_again()
    {
        await using PipeFixture fixture = await StartAsync();
        (GuestChannel channel, PipeStream _) = await fixture.OpenAsync();
        using NetworkStream client = await fixture.ConnectAsync();
        await fixture.UntilClientAsync(true);
        Assert.True(channel.Channel.TrySend([1, 2, 3]));
        Assert.Equal(0, await Within(client.ReadAsync(new byte[1], Token).AsTask()));
        await UntilAsync(() => fixture.Offered.Failure is PipeCorruptException, "nothing is told of it");
        await Within(channel.CloseAsync(Token));

        (GuestChannel again, PipeStream guest) = await fixture.OpenAsync();
        await using var closing = again;
        using NetworkStream next = await fixture.ConnectAsync();
        await guest.WriteAsync("better"u8.ToArray(), Token);
        await ExpectAsync(next, "better"u8.ToArray());
    }

    private static byte[] Bytes(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static async Task WriteAsync(Stream stream, byte[] data, Random random)
    {
        for (int at = 0; at < data.Length;)
        {
            int length = Math.Min(random.Next(random.Next(2) == 0 ? 50 : 40_000), data.Length - at);
            await stream.WriteAsync(data.AsMemory(at, length), Token);
            at += length;
        }
    }

    private static async Task ExpectAsync(Stream stream, byte[] expected)
    {
        byte[] got = new byte[expected.Length];
        await Within(stream.ReadExactlyAsync(got, Token).AsTask());
        Assert.Equal(expected, got);
    }

    // Writes one value after the other until nothing more is taken for a while, and tells how many bytes were.
    private static async Task<long> FillAsync(Stream stream)
    {
        byte[] piece = new byte[256];
        for (long written = 0; ; written += piece.Length)
        {
            piece.AsSpan().Fill((byte)(written / piece.Length));
            using var enough = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
            try
            {
                await stream.WriteAsync(piece, enough.Token);
            }
            catch (OperationCanceledException)
            {
                return written;
            }
        }
    }

    private static async Task ExpectCountedAsync(Stream stream, long length)
    {
        byte[] got = new byte[length];
        await Within(stream.ReadExactlyAsync(got, Token).AsTask());
        for (int i = 0; i < got.Length; i++)
            Assert.True(got[i] == (byte)(i / 256), $"byte {i} is {got[i]}");
    }
}
