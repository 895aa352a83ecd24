using System.Net.Sockets;
using System.Runtime.Versioning;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

/// <summary>
/// The stream over sockets that can be peeked: what it does where the kernel refuses that is the system test's, <c>guests.sh --part
/// http</c>.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class VsockStreamTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_read_of_no_bytes_waits_for_bytes_or_the_end_and_takes_none(bool isArray)
    {
        (VsockStream stream, Socket peer) = await ConnectAsync();
        await using VsockStream disposed = stream;
        using Socket alsoDisposed = peer;
        Task<int> waiting = ReadNothingAsync();
        Assert.False(waiting.IsCompleted);
        await peer.SendAsync(new byte[] { 1, 2, 3 }, Token);
        Assert.Equal(0, await waiting.WaitAsync(Patience.Limit, Token));
        Assert.Equal(0, await ReadNothingAsync());
        Assert.Equal(0, stream.Read([]));
        Assert.Equal(0, stream.Read(new byte[1], 1, 0));
        byte[] read = new byte[4];
        Assert.Equal(3, await stream.ReadAsync(read, Token));
        Assert.Equal([1, 2, 3, 0], read);
        waiting = ReadNothingAsync();
        Assert.False(waiting.IsCompleted);
        peer.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await waiting.WaitAsync(Patience.Limit, Token));
        Assert.Equal(0, await stream.ReadAsync(read, Token));

        Task<int> ReadNothingAsync() => isArray ? ReadArrayAsync() : stream.ReadAsync(Memory<byte>.Empty, Token).AsTask();

#pragma warning disable CA1835 // The overload of an array is what is tested.
        Task<int> ReadArrayAsync() => stream.ReadAsync(new byte[1], 1, 0, Token);
#pragma warning restore CA1835
    }

    [Fact]
    public async Task A_read_of_no_bytes_is_cancelled_and_takes_nothing_from_the_next()
    {
        (VsockStream stream, Socket peer) = await ConnectAsync();
        await using VsockStream disposed = stream;
        using Socket alsoDisposed = peer;
        using var cancel = new CancellationTokenSource();
        Task<int> waiting = stream.ReadAsync(Memory<byte>.Empty, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stream.ReadAsync(Memory<byte>.Empty, cancel.Token).AsTask());
        await peer.SendAsync(new byte[] { 7 }, Token);
        Assert.Equal(7, stream.ReadByte());
    }

    private static async Task<(VsockStream Stream, Socket Peer)> ConnectAsync()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), Token);
        return (new VsockStream(socket), await listener.AcceptAsync(Token));
    }
}
