using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using VmBus.Linux;
using VmBus.Windows;

namespace VmBus.Kestrel.Tests;

/// <summary>End points of the system's own sockets. Their connections are the system test's: they need a guest.</summary>
[SupportedOSPlatform("linux")]
public sealed class SystemSocketTests
{
    [Fact]
    public async Task A_server_listens_at_a_vsock_port_and_gives_it_back()
    {
        AssertVsock();
        using Socket probe = VsockEndPoint.CreateSocket();
        probe.Bind(new VsockEndPoint(VsockEndPoint.AnyCid, VsockEndPoint.AnyPort));
        var port = (VsockEndPoint)probe.LocalEndPoint!;
        probe.Dispose();
        await (await WebServer.StartAsync(options => options.Listen(port), static _ => { })).DisposeAsync();
        await using WebServer server = await WebServer.StartAsync(options => options.Listen(port), static _ => { });
        IOException taken = await Assert.ThrowsAsync<IOException>(() => WebServer.StartAsync(options => options.Listen(port), static _ => { }));
        Assert.Contains(port.ToString(), taken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_accept_of_a_listener_that_is_unbound_says_that_it_is_over()
    {
        AssertVsock();
        var transport = new VmBusTransport(NullLoggerFactory.Instance);
        await using IConnectionListener listener = await transport.BindAsync(new VsockEndPoint(VsockEndPoint.AnyCid, VsockEndPoint.AnyPort));
        Assert.NotEqual(VsockEndPoint.AnyPort, Assert.IsType<VsockEndPoint>(listener.EndPoint).Port);
        using var cancel = new CancellationTokenSource();
        Task<ConnectionContext?> accepting = listener.AcceptAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accepting);
        accepting = listener.AcceptAsync().AsTask();
        await listener.UnbindAsync();
        Assert.Null(await accepting.WaitAsync(Patience.Limit));
    }

    [Fact]
    public async Task It_binds_no_address_of_another()
    {
        var transport = new VmBusTransport(NullLoggerFactory.Instance);
        Assert.False(transport.CanBind(new IPEndPoint(IPAddress.Loopback, 0)));
        Assert.False(transport.CanBind(new HyperVEndPoint(HyperVEndPoint.Any, port: 1)));
        await Assert.ThrowsAsync<NotSupportedException>(() => transport.BindAsync(new HyperVEndPoint(HyperVEndPoint.Any, port: 1)).AsTask());
        // And what listens at an address of IP still does.
        await using WebServer server = await WebServer.StartAsync(options => options.Listen(IPAddress.Loopback, 0), static _ => { });
    }

    private static void AssertVsock()
    {
        try
        {
            VsockEndPoint.CreateSocket().Dispose();
        }
        catch (SocketException none)
        {
            Assert.Skip($"no AF_VSOCK here: {none.Message}");
        }
    }
}
