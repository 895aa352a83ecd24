using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using VmBus.Devices;
using VmBus.Guests;
using VmBus.InMemory;

namespace VmBus.Tool.Tests.Hosting;

/// <summary>The host's side of a guest's sockets: real Unix-domain sockets, and a guest over the in-memory hypervisor.</summary>
[SupportedOSPlatform("linux")]
public sealed class VsockDoorTests : IAsyncLifetime
{
    private readonly InMemoryMachine _machine = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vsock");
    private readonly StringWriter _notes = new();
    private GuestBus _bus = null!;
    private HvSocketGuest _guest = null!;
    private VsockDoor _door = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Path => System.IO.Path.Combine(_folder.FullName, "v");

    public async ValueTask InitializeAsync()
    {
        var options = new HvSocketOptions { ConnectTimeout = TimeSpan.FromSeconds(1), OpenTimeout = Patience.Limit, LingerTimeout = Patience.Limit };
        _door = new VsockDoor(_machine.Host, Path, new HostNotes(TextWriter.Synchronized(_notes)), options);
        _bus = await _machine.ConnectAsync(cancellationToken: Token);
        await _bus.RequestOffersAsync(Token);
        _guest = new HvSocketGuest(_bus, options);
    }

    public async ValueTask DisposeAsync()
    {
        await _door.DisposeAsync();
        Assert.StartsWith("0 connections", _door.ToString(), StringComparison.Ordinal);
        await _machine.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("CONNECT 5000\n", "OK 5000\n")]
    [InlineData("connect 5000\r\n", "OK 5000\n")]
    [InlineData("CONNECT 00001388-facb-11e6-bd58-64006a7986d3\n", "OK 00001388-facb-11e6-bd58-64006a7986d3\n")]
    public async Task A_client_is_connected_to_the_port_it_names_and_what_follows_the_line_is_data(string line, string answer)
    {
        Task echo = EchoAsync(5000);
        using Socket client = await ClientAsync();
        await client.SendAsync(Encoding.ASCII.GetBytes(line + "data"), Token);
        Assert.Equal(answer + "data", await ReceiveAsync(client, answer.Length + 4));
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("", await ReceiveAsync(client, 1));
        await echo;
    }

    [Theory]
    [InlineData("CONNECT\n")]
    [InlineData("CONNECT five\n")]
    [InlineData("CONNECT 4294967296\n")]
    [InlineData("CONNECT -1\n")]
    [InlineData("CONNECT 5000 now\n")]
    [InlineData("LISTEN 5000\n")]
    [InlineData("\n")]
    [InlineData("CONNECT 5000                                                                 \n")]
    [InlineData("CONNECT 6000\n")]      // nothing listens there
    public async Task What_is_no_connect_and_a_port_without_a_listener_end_the_client(string line)
    {
        using Socket client = await ClientAsync();
        await client.SendAsync(Encoding.ASCII.GetBytes(line), Token);
        Assert.Equal("", await ReceiveAsync(client, 1));
    }

    [Fact]
    public async Task A_client_that_says_nothing_holds_up_none()
    {
        Task echo = EchoAsync(5000);
        using Socket silent = await ClientAsync();
        await silent.SendAsync("CONN"u8.ToArray(), Token);
        using Socket client = await ClientAsync();
        await client.SendAsync("CONNECT 5000\nx"u8.ToArray(), Token);
        Assert.Equal("OK 5000\nx", await ReceiveAsync(client, 9));
        client.Shutdown(SocketShutdown.Send);
        await echo;
    }

    [Fact]
    public async Task A_guest_reaches_the_socket_of_its_port_and_each_direction_ends_on_its_own()
    {
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        server.Bind(new UnixDomainSocketEndPoint(Path + "_7000"));
        server.Listen();
        await using HvSocketStream guest = await _guest.ConnectAsync(HvSocketService.FromPort(7000), Token);
        using Socket served = await server.AcceptAsync(Token);
        await guest.WriteAsync("question"u8.ToArray(), Token);
        guest.CompleteWriting();
        Assert.Equal("question", await ReceiveAsync(served, 100));
        await served.SendAsync("answer"u8.ToArray(), Token);
        served.Shutdown(SocketShutdown.Both);
        using var reader = new StreamReader(guest);
        Assert.Equal("answer", await reader.ReadToEndAsync(Token));
        Assert.Contains("1 by the guest so far", _door.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_guest_that_closes_ends_a_client_that_only_waits()
    {
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        server.Bind(new UnixDomainSocketEndPoint(Path + "_7000"));
        server.Listen();
        HvSocketStream guest = await _guest.ConnectAsync(HvSocketService.FromPort(7000), Token);
        using Socket served = await server.AcceptAsync(Token);
        await guest.WriteAsync("bye"u8.ToArray(), Token);
        await _bus.DisposeAsync();
        Assert.Equal("bye", await ReceiveAsync(served, 100));
        while (!_door.ToString().StartsWith("0 connections", StringComparison.Ordinal))
            await Task.Delay(1, Token);
        await guest.DisposeAsync();
    }

    // As hv_sock: it has closed the socket, and says no more than that its writing has ended.
    [Fact]
    public async Task A_guest_that_takes_nothing_of_a_server_that_is_gone_loses_the_connection()
    {
        await using var machine = new InMemoryMachine();
        string path = Path + "2";
        await using var door = new VsockDoor(machine.Host, path, new HostNotes(TextWriter.Null), new HvSocketOptions { OpenTimeout = Patience.Limit, LingerTimeout = TimeSpan.FromMilliseconds(100) });
        GuestBus bus = await machine.ConnectAsync(cancellationToken: Token);
        await bus.RequestOffersAsync(Token);
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        server.Bind(new UnixDomainSocketEndPoint(path + "_7000"));
        server.Listen();
        await using HvSocketStream guest = await new HvSocketGuest(bus).ConnectAsync(HvSocketService.FromPort(7000), Token);
        using (Socket served = await server.AcceptAsync(Token))
        {
            // More than ring and relay take: some of it waits in the socket.
            served.SendBufferSize = 1 << 20;
            await served.SendAsync(new byte[1 << 19], Token);
            guest.CompleteWriting();
            Assert.Equal("", await ReceiveAsync(served, 1));
            Assert.StartsWith("1 connections", door.ToString(), StringComparison.Ordinal);
        }
        for (long start = Environment.TickCount64; !door.ToString().StartsWith("0 connections", StringComparison.Ordinal); await Task.Delay(1, Token))
            Assert.True(Environment.TickCount64 - start < Patience.Limit.TotalMilliseconds, $"the connection is left: {door}");
    }

    [Fact]
    public async Task A_port_that_nothing_serves_is_refused_and_told()
    {
        HvSocketException refused = await Assert.ThrowsAsync<HvSocketException>(() => _guest.ConnectAsync(HvSocketService.FromPort(7001), Token));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        Assert.Contains($"the guest wants '{Path}_7001'", _notes.ToString(), StringComparison.Ordinal);
        var service = Guid.NewGuid();
        await Assert.ThrowsAsync<HvSocketException>(() => _guest.ConnectAsync(service, Token));
        Assert.Contains($"the guest wants '{Path}_{service}'", _notes.ToString(), StringComparison.Ordinal);
        Assert.Contains("2 of the guest refused", _door.ToString(), StringComparison.Ordinal);
    }

    private async Task EchoAsync(uint port)
    {
        await foreach (HvSocketStream stream in _guest.AcceptAllAsync(HvSocketService.FromPort(port), Token))
        {
            await using (stream)
                await stream.CopyToAsync(stream, Token);
            return;
        }
    }

    private async Task<Socket> ClientAsync()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path), Token);
        return socket;
    }

    private static async Task<string> ReceiveAsync(Socket socket, int length)
    {
        var buffer = new byte[length];
        int got = 0;
        int read;
        while (got < length && (read = await socket.ReceiveAsync(buffer.AsMemory(got), Token)) > 0)
            got += read;
        return Encoding.ASCII.GetString(buffer, 0, got);
    }
}
