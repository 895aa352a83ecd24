using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using VmBus.Devices;
using VmBus.Devices.Tests.Sockets;
using static VmBus.Devices.Tests.Sockets.SocketFixture;

namespace VmBus.Kestrel.Tests;

/// <summary>Clients that go in the middle, and servers that end a connection: nothing is logged as an error, and nothing is left.</summary>
public sealed class EndedConnectionTests
{
    [Fact]
    public async Task A_client_that_goes_ends_the_request_that_it_waited_for()
    {
        await using SocketFixture fixture = await MakeAsync();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebServer server = await ServeAsync(fixture, async context =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            aborted.SetResult();
        });
        await using (HvSocketStream client = await fixture.Guest.ConnectAsync(Service, Token))
        {
            await client.WriteAsync("GET / HTTP/1.1\r\nHost: vm\r\n\r\n"u8.ToArray(), Token);
            await begun.Task.WaitAsync(Patience.Limit, Token);
        }
        await aborted.Task.WaitAsync(Patience.Limit, Token);
        await fixture.AssertNothingIsLeftAsync();
    }

    // The answer is longer than all that lies between the two.
    [Fact]
    public async Task A_client_that_goes_while_it_is_answered_ends_the_answer()
    {
        await using SocketFixture fixture = await MakeAsync();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebServer server = await ServeAsync(fixture, async context =>
        {
            try
            {
                while (!context.RequestAborted.IsCancellationRequested)
                    await context.Response.Body.WriteAsync(new byte[10_000], context.RequestAborted);
            }
            catch (OperationCanceledException)
            {
            }
            ended.SetResult();
        });
        await using (HvSocketStream client = await fixture.Guest.ConnectAsync(Service, Token))
        {
            await client.WriteAsync("GET / HTTP/1.1\r\nHost: vm\r\n\r\n"u8.ToArray(), Token);
            await client.ReadExactlyAsync(new byte[50_000], Token);
        }
        await ended.Task.WaitAsync(Patience.Limit, Token);
        await fixture.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_server_that_aborts_ends_the_connection()
    {
        await using SocketFixture fixture = await MakeAsync();
        await using WebServer server = await ServeAsync(fixture, context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        using (HttpClient client = WebServer.Client(token => fixture.Guest.ConnectAsync(Service, token)))
            await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("", Token));
        await fixture.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task What_is_no_HTTP_is_answered_so_and_ended()
    {
        await using SocketFixture fixture = await MakeAsync();
        await using WebServer server = await ServeAsync(fixture, _ => Task.CompletedTask);
        await using (HvSocketStream client = await fixture.Guest.ConnectAsync(Service, Token))
        {
            await client.WriteAsync(new byte[20_000], Token);
            using var answer = new MemoryStream();
            await client.CopyToAsync(answer, Token);
            Assert.StartsWith("HTTP/1.1 400 ", System.Text.Encoding.ASCII.GetString(answer.ToArray()), StringComparison.Ordinal);
        }
        await fixture.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Sockets_that_are_disposed_under_the_server_end_its_requests_and_nothing_else()
    {
        await using SocketFixture fixture = await MakeAsync();
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebServer server = await ServeAsync(fixture, async context =>
        {
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            aborted.SetResult();
        });
        await using HvSocketStream client = await fixture.Guest.ConnectAsync(Service, Token);
        await client.WriteAsync("GET / HTTP/1.1\r\nHost: vm\r\n\r\n"u8.ToArray(), Token);
        Assert.True(await client.ReadAsync(new byte[100], Token) > 0);
        await fixture.Host.DisposeAsync();
        await aborted.Task.WaitAsync(Patience.Limit, Token);
        await server.StopAsync();
    }

    [Fact]
    public async Task A_bus_that_is_disposed_under_a_server_in_its_guest_ends_its_connections_and_nothing_else()
    {
        await using SocketFixture fixture = await MakeAsync();
        await using WebServer server = await WebServer.StartAsync(
            options => options.ListenHvSocket(fixture.Guest, Service),
            application => application.Run(context => context.Response.WriteAsync("hello")));
        await using HvSocketStream client = await fixture.Host.ConnectAsync(Service, Token);
        await client.WriteAsync("GET / HTTP/1.1\r\nHost: vm\r\n\r\n"u8.ToArray(), Token);
        Assert.True(await client.ReadAsync(new byte[1000], Token) > 0);
        await fixture.Bus.DisposeAsync();
        await client.CopyToAsync(Stream.Null, Token);
        await server.StopAsync();
    }

    private static Task<WebServer> ServeAsync(SocketFixture fixture, RequestDelegate serve) =>
        WebServer.StartAsync(options => options.ListenHvSocket(fixture.Host, Service), application => application.Run(serve));
}
