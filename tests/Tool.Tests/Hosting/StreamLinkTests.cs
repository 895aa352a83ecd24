using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Extensions.Time.Testing;

namespace VmBus.Tool.Tests.Hosting;

/// <summary>A program such as passt at the other end of a guest's adapter.</summary>
[SupportedOSPlatform("linux")]
public sealed class StreamLinkTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"vmbus-net-{Guid.NewGuid():N}");
    private readonly FakeTimeProvider _clock = new();
    private readonly Socket _listener;

    public StreamLinkTests() => _listener = Listen();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _listener.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public void Nothing_to_connect_to_is_said()
    {
        Assert.Equal($"cannot connect to '{_path}x': no such file or directory", Assert.Throws<ToolException>(() => StreamLink.Connect(_path + "x")).Message);
        Assert.Contains("cannot connect to", Assert.Throws<ToolException>(() => StreamLink.Connect(new string('x', 200))).Message, StringComparison.Ordinal);
        using var deaf = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        deaf.Bind(new UnixDomainSocketEndPoint(_path + "y"));
        Assert.Equal($"cannot connect to '{_path}y': nothing listens there", Assert.Throws<ToolException>(() => StreamLink.Connect(_path + "y")).Message);
    }

    [Fact]
    public async Task Frames_go_both_ways_behind_their_lengths()
    {
        await using StreamLink link = StreamLink.Connect(_path);
        using Socket peer = await _listener.AcceptAsync(Token);
        byte[][] frames = [.. new[] { 14, 60, 1514, 65535 }.Select(Frame)];
        foreach (byte[] frame in frames)
            Assert.True(link.TrySend(frame));
        link.Flush();
        foreach (byte[] frame in frames)
            Assert.Equal(frame, await ReadAsync(peer));
        // In pieces of any length, several of them to a frame and several frames to one.
        byte[] all = [.. frames.SelectMany(Packet)];
        Task sending = Task.Run(async () =>
        {
            var dice = new Random(1);
            for (int at = 0, length; at < all.Length; at += length)
            {
                length = Math.Min(dice.Next(1, dice.Next(1, 5000)), all.Length - at);
                await SendAllAsync(peer, all.AsMemory(at, length));
            }
        }, Token);
        foreach (byte[] frame in frames)
            Assert.Equal(frame, await ReceiveAsync(link));
        await sending;
    }

    [Fact]
    public async Task A_peer_that_reads_nothing_leaves_no_room_and_all_comes_when_it_reads()
    {
        await using StreamLink link = StreamLink.Connect(_path);
        using Socket peer = await _listener.AcceptAsync(Token);
        byte[] frame = Frame(60_000);
        int sent = 0;
        while (true)
        {
            if (!link.TrySend(frame))
            {
                link.Flush();
                Task room = link.WaitToSendAsync(Token).AsTask();
                if (await Task.WhenAny(room, Task.Delay(500, Token)) != room)
                    break;
                continue;
            }
            sent++;
            link.Flush();
        }
        for (int one = 0; one < sent; one++)
            Assert.Equal(frame, await ReadAsync(peer));
        await link.WaitToSendAsync(Token).AsTask().WaitAsync(Patience.Limit, Token);
        Assert.True(link.TrySend(frame));
        link.Flush();
        Assert.Equal(frame, await ReadAsync(peer));
    }

    [Fact]
    public async Task A_peer_that_goes_and_comes_again_is_told_and_connected_to()
    {
        await using StreamLink link = StreamLink.Connect(_path, _clock);
        var changes = new System.Collections.Concurrent.BlockingCollection<bool>();
        link.Changed = changes.Add;
        Socket peer = await _listener.AcceptAsync(Token);
        // Half a frame of the old is no part of the new.
        await SendAllAsync(peer, Packet(Frame(100)).AsMemory(0, 50));
        await link.WaitToReceiveAsync(Token);
        Assert.False(link.TryReceive(new byte[2000], out _));
        peer.Dispose();
        await link.WaitToReceiveAsync(Token);
        Assert.False(changes.Take(Token));
        Assert.True(link.TrySend(Frame(60)));
        link.Flush();
        await link.WaitToSendAsync(Token);
        Task<byte[]> receiving = ReceiveAsync(link);
        Task<Socket> accepting = _listener.AcceptAsync(Token).AsTask();
        while (!accepting.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1, Token);
        }
        using Socket again = await accepting;
        Assert.True(changes.Take(Token));
        await SendAllAsync(again, Packet(Frame(200)));
        Assert.Equal(Frame(200), await receiving.WaitAsync(Patience.Limit, Token));
        Assert.True(link.TrySend(Frame(300)));
        link.Flush();
        Assert.Equal(Frame(300), await ReadAsync(again));
    }

    [Theory]
    [InlineData(65540u)]
    [InlineData(uint.MaxValue)]
    [InlineData(0x8000_0000u)]
    public async Task A_length_that_no_frame_has_ends_the_connection(uint length)
    {
        await using StreamLink link = StreamLink.Connect(_path, _clock);
        var lost = new TaskCompletionSource();
        link.Changed = _ => lost.TrySetResult();
        using Socket peer = await _listener.AcceptAsync(Token);
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, length);
        await SendAllAsync(peer, (byte[])[.. Packet(Frame(60)), .. bytes, .. new byte[100]]);
        Assert.Equal(Frame(60), await ReceiveAsync(link));
        Assert.False(link.TryReceive(new byte[70_000], out _));
        await lost.Task.WaitAsync(Patience.Limit, Token);
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1], SocketFlags.None, Token));
    }

    [Fact]
    public async Task A_frame_that_is_longer_than_the_callers_buffer_is_dropped()
    {
        await using StreamLink link = StreamLink.Connect(_path);
        using Socket peer = await _listener.AcceptAsync(Token);
        await SendAllAsync(peer, (byte[])[.. Packet(Frame(2000)), .. Packet(Frame(100))]);
        Assert.Equal(Frame(100), await ReceiveAsync(link, 1518));
    }

    [Fact]
    public async Task Waits_end_with_their_token_and_a_dispose_hangs_on_nothing()
    {
        StreamLink link = StreamLink.Connect(_path);
        using Socket peer = await _listener.AcceptAsync(Token);
        using var cancel = new CancellationTokenSource();
        Task receiving = link.WaitToReceiveAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving);
        await link.DisposeAsync().AsTask().WaitAsync(Patience.Limit, Token);
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1], SocketFlags.None, Token));
    }

    private Socket Listen()
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_path));
        listener.Listen();
        return listener;
    }

    private static byte[] Frame(int length) => [.. Enumerable.Range(0, length).Select(one => (byte)(one * 7 + length))];

    private static byte[] Packet(byte[] frame)
    {
        var packet = new byte[4 + frame.Length];
        BinaryPrimitives.WriteInt32BigEndian(packet, frame.Length);
        frame.CopyTo(packet, 4);
        return packet;
    }

    private static async Task<byte[]> ReceiveAsync(StreamLink link, int room = 70_000)
    {
        var frame = new byte[room];
        int length;
        while (!link.TryReceive(frame, out length))
            await link.WaitToReceiveAsync(Token).AsTask().WaitAsync(Patience.Limit, Token);
        return frame[..length];
    }

    private static async Task<byte[]> ReadAsync(Socket peer)
    {
        await using var stream = new NetworkStream(peer, ownsSocket: false);
        var length = new byte[4];
        await stream.ReadExactlyAsync(length, Token);
        var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await stream.ReadExactlyAsync(frame, Token);
        return frame;
    }

    private static async Task SendAllAsync(Socket peer, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await peer.SendAsync(bytes, SocketFlags.None, Token)..];
    }
}
