// Frames over a Unix-domain stream socket, each behind its length as 4 big-endian bytes: what QEMU's -netdev stream and passt
// speak (passt.1; QEMU net/stream.c).

using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.Versioning;
using VmBus.Devices;

namespace VmBus.Tool;

/// <summary>
/// Connects to a program that listens at a path, and again when that has gone. Dispose it when the adapter is no longer offered.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class StreamLink : INetworkLink, IAsyncDisposable
{
    private const int LengthSize = 4;
    private const int LongestFrame = 65535 + 4;
    private const int Room = 4 * (LengthSize + LongestFrame);
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _sync = new();
    private readonly byte[] _received = new byte[Room];
    private byte[] _filling = new byte[Room];       // under the lock, as all of the way out
    private byte[] _sending = new byte[Room];
    private int _filled;
    private bool _isSending;
    private TaskCompletionSource? _room;
    private TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket? _socket;
    private Socket? _reading;                       // the reader's: what _received came from
    private int _start;
    private int _end;
    private Task _keeping = Task.CompletedTask;

    private StreamLink(string path, TimeProvider clock) => (_path, _clock) = (path, clock);

    /// <summary>Told when the other program comes and goes.</summary>
    public Action<bool>? Changed { get; set; }

    /// <summary>Connects.</summary>
    /// <param name="path">Where the other program listens.</param>
    /// <param name="clock">The clock of the tries after it has gone; <see langword="null"/> for the system's.</param>
    /// <exception cref="ToolException">Nothing listens there; the message says why.</exception>
    public static StreamLink Connect(string path, TimeProvider? clock = null)
    {
        var link = new StreamLink(path, clock ?? TimeProvider.System);
        try
        {
            link._socket = Open(path);
        }
        catch (Exception error) when (error is SocketException or ArgumentOutOfRangeException)
        {
            link._ending.Dispose();
            throw new ToolException($"cannot connect to '{path}': {LocalSocketError.Explain(error)}", error);
        }
        link._connected.SetResult();
        return link;
    }

    public bool TrySend(ReadOnlySpan<byte> frame)
    {
        lock (_sync)
        {
            // Not connected: the frame goes nowhere.
            if (_socket is null)
                return true;
            if (Room - _filled < LengthSize + frame.Length)
                return false;
            BinaryPrimitives.WriteInt32BigEndian(_filling.AsSpan(_filled), frame.Length);
            frame.CopyTo(_filling.AsSpan(_filled + LengthSize));
            _filled += LengthSize + frame.Length;
            return true;
        }
    }

    public void Flush()
    {
        lock (_sync)
        {
            if (_isSending || _filled == 0 || _socket is null)
                return;
            _isSending = true;
        }
        _ = SendAsync();
    }

    public ValueTask WaitToSendAsync(CancellationToken cancellationToken)
    {
        lock (_sync)
        {
            if (_socket is null || Room - _filled >= LengthSize + LongestFrame)
                return ValueTask.CompletedTask;
            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_room.Task.WaitAsync(cancellationToken));
        }
    }

    public bool TryReceive(Span<byte> frame, out int length)
    {
        while (_end - _start >= LengthSize)
        {
            uint announced = BinaryPrimitives.ReadUInt32BigEndian(_received.AsSpan(_start));
            length = (int)Math.Min(announced, LongestFrame);
            if (announced > LongestFrame)
            {
                // It is none of the protocol, and where the next frame begins cannot be known.
                Lose(_reading!);
                _start = _end;
                break;
            }
            if (_end - _start < LengthSize + length)
                break;
            Span<byte> got = _received.AsSpan(_start + LengthSize, length);
            _start += LengthSize + length;
            if (length > frame.Length)
                continue;
            got.CopyTo(frame);
            return true;
        }
        length = 0;
        return false;
    }

    public async ValueTask WaitToReceiveAsync(CancellationToken cancellationToken)
    {
        Task connected;
        Socket? socket;
        lock (_sync)
        {
            socket = _socket;
            connected = _connected.Task;
        }
        if (socket is null)
        {
            await connected.WaitAsync(cancellationToken).ConfigureAwait(false);
            return;
        }
        if (socket != _reading)
            (_reading, _start, _end) = (socket, 0, 0);
        if (_start > 0)
        {
            _received.AsSpan(_start, _end - _start).CopyTo(_received);
            (_start, _end) = (0, _end - _start);
        }
        int read = 0;
        try
        {
            read = await socket.ReceiveAsync(_received.AsMemory(_end), SocketFlags.None, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // It has gone.
        }
        if (read == 0)
            Lose(socket);
        _end += read;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task keeping;
        Socket? socket;
        lock (_sync)
        {
            (socket, _socket) = (_socket, null);
            keeping = _keeping;
        }
        await _ending.CancelAsync().ConfigureAwait(false);
        socket?.Dispose();
        await keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    private static Socket Open(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // What was gathered, in order, one buffer after the other.
    private async Task SendAsync()
    {
        while (true)
        {
            Socket? socket;
            int length;
            lock (_sync)
            {
                socket = _socket;
                length = _filled;
                (_filling, _sending, _filled) = (_sending, _filling, 0);
                _room?.TrySetResult();
                _room = null;
                if (socket is null || length == 0)
                {
                    _isSending = false;
                    return;
                }
            }
            try
            {
                for (int sent = 0; sent < length;)
                    sent += await socket.SendAsync(_sending.AsMemory(sent, length - sent), SocketFlags.None, _ending.Token).ConfigureAwait(false);
            }
            catch (Exception end) when (end is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                Lose(socket);
            }
        }
    }

    // The first to notice closes it, and goes on to look for the next.
    private void Lose(Socket socket)
    {
        lock (_sync)
        {
            if (_socket != socket)
                return;
            _socket = null;
            _filled = 0;
            _room?.TrySetResult();
            _room = null;
            _connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _keeping = ConnectAgainAsync();
        }
        socket.Dispose();
        Changed?.Invoke(false);
    }

    private async Task ConnectAgainAsync()
    {
        while (true)
        {
            await Task.Delay(Between, _clock, _ending.Token).ConfigureAwait(false);
            try
            {
                Socket socket = Open(_path);
                lock (_sync)
                {
                    _socket = socket;
                    _connected.SetResult();
                }
                break;
            }
            catch (SocketException)
            {
                // Not yet.
            }
        }
        Changed?.Invoke(true);
    }
}
