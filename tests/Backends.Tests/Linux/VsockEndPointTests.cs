using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using FsCheck.Xunit;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

/// <summary>Addresses of AF_VSOCK. Connections are the system test's: they need a guest.</summary>
[SupportedOSPlatform("linux")]
public sealed class VsockEndPointTests
{
    [Fact]
    public void The_bytes_are_those_of_sockaddr_vm()
    {
        SocketAddress address = new VsockEndPoint(VsockEndPoint.HostCid, 0x01020304).Serialize();
        Assert.Equal([40, 0, 0, 0, 4, 3, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0], address.Buffer.Span[..address.Size].ToArray());
    }

    [Property]
    public void An_address_comes_back(uint cid, uint port)
    {
        var one = new VsockEndPoint(cid, port);
        EndPoint back = one.Create(one.Serialize());
        Assert.Equal(one, back);
        Assert.Equal($"vsock:{cid}:{port}", back.ToString());
    }

    [Fact]
    public void An_address_of_another_family_is_none()
    {
        var one = new VsockEndPoint(2, 1);
        Assert.Throws<ArgumentException>(() => one.Create(new IPEndPoint(IPAddress.Loopback, 1).Serialize()));
        Assert.Throws<ArgumentException>(() => one.Create(new SocketAddress(AddressFamily.Unspecified, 4)));
    }

    [Fact]
    public void The_frameworks_socket_binds_and_listens()
    {
        Socket socket;
        try
        {
            socket = VsockEndPoint.CreateSocket();
        }
        catch (SocketException none) when (none.SocketErrorCode == SocketError.AddressFamilyNotSupported)
        {
            Assert.Skip($"no AF_VSOCK here, the system test has it: {none.Message}");
            return;
        }
        using (socket)
        {
            socket.Bind(new VsockEndPoint(VsockEndPoint.AnyCid, VsockEndPoint.AnyPort));
            socket.Listen();
            VsockEndPoint local = Assert.IsType<VsockEndPoint>(socket.LocalEndPoint);
            Assert.Equal(VsockEndPoint.AnyCid, local.Cid);
            Assert.NotEqual(VsockEndPoint.AnyPort, local.Port);
            using Socket second = VsockEndPoint.CreateSocket();
            SocketException taken = Assert.Throws<SocketException>(() => second.Bind(local));
            Assert.Equal(SocketError.AddressAlreadyInUse, taken.SocketErrorCode);
        }
    }

    // Whether a machine has a loopback or not: the framework asks the kernel, and does not refuse the family by itself.
    [Fact]
    public async Task The_frameworks_socket_connects_without_a_thread()
    {
        Assert.SkipUnless(TryCreate(out Socket? socket), "no AF_VSOCK here, the system test has it");
        using (socket)
        {
            var nowhere = new VsockEndPoint(cid: 1, port: 1);
            Assert.Equal(socket!.AddressFamily, nowhere.AddressFamily);
            using var cancel = new CancellationTokenSource();
            Task connecting = socket.ConnectAsync(nowhere, cancel.Token).AsTask();
            await cancel.CancelAsync();
            Exception? ended = await Record.ExceptionAsync(() => connecting);
            Assert.True(ended is OperationCanceledException or SocketException, ended?.ToString());
        }

        static bool TryCreate(out Socket? socket)
        {
            try
            {
                socket = VsockEndPoint.CreateSocket();
                return true;
            }
            catch (SocketException none) when (none.SocketErrorCode == SocketError.AddressFamilyNotSupported)
            {
                socket = null;
                return false;
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connect_that_is_given_up_leaves_no_socket(bool isStream)
    {
        // Nothing is at this port: it is refused at once where the machine has a loopback, after 2 s where it has none, and never
        // where it has no such sockets. Whatever comes first ends the call.
        var nowhere = new VsockEndPoint(cid: 1, port: 1);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ConnectAsync(new CancellationToken(canceled: true)));
        int before = Sockets();
        using var cancel = new CancellationTokenSource();
        Task connecting = ConnectAsync(cancel.Token);
        await cancel.CancelAsync();
        Exception? ended = await Record.ExceptionAsync(() => connecting);
        Assert.True(ended is OperationCanceledException or SocketException, ended?.ToString());
        for (long start = Environment.TickCount64; Sockets() > before; await Task.Delay(1))
            Assert.True(Environment.TickCount64 - start < Patience.Limit.TotalMilliseconds, "the socket is left");

        Task ConnectAsync(CancellationToken cancellationToken) => isStream ? nowhere.ConnectStreamAsync(cancellationToken) : nowhere.ConnectAsync(cancellationToken);

        // The framework's own event queue comes with the first socket, and stays.
        static int Sockets() => Directory.GetFiles("/proc/self/fd").Count(file => new FileInfo(file).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true);
    }
}
