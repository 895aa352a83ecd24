using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using VmBus.Devices;
using VmBus.Devices.Tests.Sockets;
using static VmBus.Devices.Tests.Sockets.SocketFixture;

namespace VmBus.Kestrel.Tests;

/// <summary>HTTP between a host and a guest, both in this process.</summary>
public sealed class HttpTests
{
    public static TheoryData<bool> Sides => [true, false];

    [Theory]
    [MemberData(nameof(Sides))]
    public async Task A_client_is_served_on_one_connection(bool isHostServing)
    {
        await using SocketFixture fixture = await MakeAsync();
        await using WebServer server = await ServeAsync(fixture, isHostServing);
        int connects = 0;
        using HttpClient client = WebServer.Client(token =>
        {
            Interlocked.Increment(ref connects);
            return ConnectAsync(fixture, isHostServing, token);
        });
        Assert.Equal("hello", await client.GetStringAsync("hello", Token));
        var sent = new byte[1 << 20];
        new Random(1).NextBytes(sent);
        using HttpResponseMessage echo = await client.PostAsync("echo", new ByteArrayContent(sent), Token);
        Assert.Equal(sent, await echo.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("nowhere", Token)).StatusCode);
        Assert.Equal(1, connects);
    }

    [Theory]
    [MemberData(nameof(Sides))]
    public async Task Many_clients_at_once_get_their_own_answers(bool isHostServing)
    {
        await using SocketFixture fixture = await MakeAsync();
        await using WebServer server = await ServeAsync(fixture, isHostServing);
        await Task.WhenAll(Enumerable.Range(0, 30).Select(async number =>
        {
            using HttpClient client = WebServer.Client(token => ConnectAsync(fixture, isHostServing, token));
            for (int request = 0; request < 5; request++)
            {
                byte[] sent = new byte[20_000 + number];
                new Random(number * 10 + request).NextBytes(sent);
                using HttpResponseMessage echo = await client.PostAsync("echo", new ByteArrayContent(sent), Token);
                Assert.Equal(sent, await echo.Content.ReadAsByteArrayAsync(Token));
            }
        }));
    }

    [Fact]
    public async Task A_request_knows_its_connection()
    {
        await using SocketFixture fixture = await MakeAsync();
        HvSocketStream? served = null;
        string? ends = null;
        await using WebServer server = await WebServer.StartAsync(
            options => options.ListenHvSocket(fixture.Host, Service),
            application => application.MapGet("/", (HttpContext context) =>
            {
                served = context.Features.Get<HvSocketStream>();
                var connection = context.Features.Get<Microsoft.AspNetCore.Connections.Features.IConnectionEndPointFeature>();
                ends = $"{connection?.LocalEndPoint} {connection?.RemoteEndPoint}";
            }));
        HvSocketStream? connected = null;
        using HttpClient client = WebServer.Client(async token => connected = await fixture.Guest.ConnectAsync(Service, token));
        (await client.GetAsync("", Token)).EnsureSuccessStatusCode();
        Assert.Equal(connected!.Endpoint, served?.Endpoint);
        Assert.Equal($"hvsocket:5000 hvsocket:{connected.Endpoint}", ends);
    }

    [Theory]
    [MemberData(nameof(Sides))]
    public async Task A_server_that_stops_ends_its_connections_and_listens_no_more(bool isHostServing)
    {
        await using SocketFixture fixture = await MakeAsync(new HvSocketOptions { ConnectTimeout = isHostServing ? Patience.Limit : TimeSpan.FromMilliseconds(1), OpenTimeout = Patience.Limit, LingerTimeout = Patience.Limit });
        await using WebServer server = await ServeAsync(fixture, isHostServing);
        HvSocketStream? idle = null;
        using HttpClient client = WebServer.Client(async token => idle = await SurelyAsync(() => ConnectAsync(fixture, isHostServing, token)));
        Assert.Equal("hello", await client.GetStringAsync("hello", Token));
        await server.StopAsync();
        await Assert.ThrowsAsync<HvSocketException>(() => ConnectAsync(fixture, isHostServing, Token));
        // The client had said no end, and reads the server's.
        idle!.Dispose();
        await fixture.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_service_that_is_taken_is_told_as_any_address_and_free_again_after()
    {
        await using SocketFixture fixture = await MakeAsync();
        HvSocketListener listener = fixture.Host.Listen(Service);
        IOException taken = await Assert.ThrowsAsync<IOException>(() => ServeAsync(fixture, isHostServing: true));
        Assert.Contains("hvsocket:5000", taken.Message, StringComparison.Ordinal);
        listener.Dispose();
        await (await ServeAsync(fixture, isHostServing: true)).DisposeAsync();
        await using WebServer server = await ServeAsync(fixture, isHostServing: true);
    }

    private static async Task<HvSocketStream> SurelyAsync(Func<Task<HvSocketStream>> connect)
    {
        while (true)
        {
            try
            {
                return await connect();
            }
            catch (HvSocketException late) when (late.SocketErrorCode == System.Net.Sockets.SocketError.TimedOut)
            {
                // A busy machine.
            }
        }
    }

    private static Task<WebServer> ServeAsync(SocketFixture fixture, bool isHostServing) => WebServer.StartAsync(
        options =>
        {
            if (isHostServing)
                options.ListenHvSocket(fixture.Host, Service);
            else
                options.ListenHvSocket(fixture.Guest, Service);
        },
        application =>
        {
            application.MapGet("/hello", () => "hello");
            application.MapPost("/echo", async (HttpContext context) => await context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted));
        });

    private static Task<HvSocketStream> ConnectAsync(SocketFixture fixture, bool isHostServing, CancellationToken token) =>
        isHostServing ? fixture.Guest.ConnectAsync(Service, token) : fixture.Host.ConnectAsync(Service, token);
}
