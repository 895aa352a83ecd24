// One connection as a Stream. What a connected hvsock is to Linux (net/vmw_vsock/hyperv_transport.c); the bytes travel as a
// byte-mode pipe.

using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using VmBus.Pipes;

namespace VmBus.Devices;

/// <summary>A connection between host and guest: a duplex stream of bytes. Each direction ends independently.</summary>
/// <remarks>
/// <para>One thread can read and one can write at a time; they can be different threads. Each write is sent at once, so
/// <see cref="Flush"/> does nothing. Reading ends (0 bytes) after <see cref="CompleteWriting"/> at the other end, or when the
/// other end is gone and all its data was read. If data is lost, because the other end corrupted its ring or this end's bus
/// connection ended, reading throws <see cref="HvSocketException"/>. Writing to an end that is gone also throws it.</para>
/// <para>Dispose completes the writing and drops data that still arrives. The connection is removed when the other end has
/// closed it, or has completed its writing and read everything, or after <see cref="HvSocketOptions.LingerTimeout"/>. A read or
/// write that waits throws <see cref="ObjectDisposedException"/>; data that had no room is not sent.</para>
/// </remarks>
public sealed class HvSocketStream : Stream
{
    private const int DrainLength = 16384;

    // In the ring: descriptor and trailer, and a pipe header of 8 bytes without data.
    private const int EndLength = 32;

    private readonly PipeStream _pipe;
    private readonly SemaphoreSlim _reading = new(1);
    private readonly CancellationTokenSource _ending = new();
    private readonly CallCancellation _reads;
    private readonly CallCancellation _writes;
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ReadOnlySequence<byte> _rest;       // under _reading: what was left in the ring when the channel went
    private Exception? _fault;                  // under _reading: what ended it before its end was read
    private volatile bool _isGone;
    private int _isDisposed;
    private TimeSpan _readTimeout = Timeout.InfiniteTimeSpan;

    internal HvSocketStream(PipeStream pipe, Guid service, Guid endpoint)
    {
        _pipe = pipe;
        Service = service;
        Endpoint = endpoint;
        _reads = new CallCancellation(_ending.Token);
        _writes = new CallCancellation(_ending.Token);
    }

    /// <summary>The service; for an AF_VSOCK port, see <see cref="HvSocketService.FromPort"/>.</summary>
    public Guid Service { get; }

    /// <summary>The id of the end that connected: the guest's own, or one that the host created for this connection.</summary>
    public Guid Endpoint { get; }

    /// <summary>
    /// Completes, never with an error, when the connection is gone: closed by the other end, or ended here. Data that the other
    /// end sent before can still be read.
    /// </summary>
    public Task Completion => _ended.Task;

    /// <summary>How soon to signal the other side for later writes.</summary>
    public Urgency Urgency
    {
        get => _pipe.Urgency;
        set => _pipe.Urgency = value;
    }

    /// <inheritdoc/>
    public override bool CanRead => !IsDisposed;

    /// <inheritdoc/>
    public override bool CanWrite => !IsDisposed && !_isGone && _pipe.CanWrite;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanTimeout => true;

    /// <summary>How long <c>Read</c> waits, in milliseconds, before it throws <see cref="TimeoutException"/>; <see cref="Timeout.Infinite"/> for no limit.</summary>
    public override int ReadTimeout
    {
        get => (int)_readTimeout.TotalMilliseconds;
        set
        {
            if (value is <= 0 and not Timeout.Infinite)
                throw new ArgumentOutOfRangeException(nameof(value), value, "A timeout must be positive, or Timeout.Infinite.");
            _readTimeout = TimeSpan.FromMilliseconds(value);
        }
    }

    /// <summary>How long <c>Write</c> waits for room, in milliseconds, for each piece it sends; see <see cref="ReadTimeout"/>.</summary>
    public override int WriteTimeout
    {
        get => _pipe.WriteTimeout;
        set => _pipe.WriteTimeout = value;
    }

    /// <summary>A connection has no length.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Length => throw new NotSupportedException("A connection has no length.");

    /// <summary>A connection has no position.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Position
    {
        get => throw new NotSupportedException("A connection has no position.");
        set => throw new NotSupportedException("A connection has no position.");
    }

    /// <summary>Completes with the first dispose.</summary>
    internal Task Disposed => _disposed.Task;

    private bool IsDisposed => Volatile.Read(ref _isDisposed) != 0;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return ReadCoreAsync(buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Reads what has arrived, or waits for data.</summary>
    /// <param name="buffer">Where the data goes.</param>
    /// <returns>Bytes read; 0 means the end.</returns>
    /// <exception cref="TimeoutException">No data within <see cref="ReadTimeout"/>.</exception>
    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        byte[] bytes = ArrayPool<byte>.Shared.Rent(buffer.Length);
        using var limit = new CancellationTokenSource(_readTimeout);
        try
        {
            int read = ReadCoreAsync(bytes.AsMemory(0, buffer.Length), limit.Token).AsTask().GetAwaiter().GetResult();
            bytes.AsSpan(0, read).CopyTo(buffer);
            return read;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"No data within {ReadTimeout} ms.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    /// <summary>Writes everything, and waits for room as often as needed.</summary>
    /// <param name="buffer">The data.</param>
    /// <exception cref="HvSocketException">The other end is gone.</exception>
    /// <exception cref="InvalidOperationException">Writing was completed.</exception>
    /// <exception cref="TimeoutException">No room within <see cref="WriteTimeout"/>.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        CheckWrite();
        // Each piece waits for room once.
        int most = Math.Max(1, _pipe.Channel.Outgoing.DataSize / 4 - EndLength);
        byte[] bytes = ArrayPool<byte>.Shared.Rent(Math.Min(buffer.Length, most));
        try
        {
            while (!buffer.IsEmpty)
            {
                int length = Math.Min(buffer.Length, most);
                buffer[..length].CopyTo(bytes);
                buffer = buffer[length..];
                WritePiece(bytes.AsMemory(0, length));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    /// <inheritdoc cref="Write(ReadOnlySpan{byte})"/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        CheckWrite();
        return WriteCoreAsync(buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Ends writing: after all written data, the other end reads 0 bytes. Reading stays possible.</summary>
    public void CompleteWriting()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        CompleteWritingCore();
    }

    /// <summary>Does nothing: each write was sent when it returned.</summary>
    public override void Flush()
    {
    }

    /// <inheritdoc cref="Flush"/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>A connection has no position.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A connection has no position.");

    /// <summary>A connection has no length.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override void SetLength(long value) => throw new NotSupportedException("A connection has no length.");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            CompleteWritingCore();
            _ending.Cancel();
            _disposed.TrySetResult();
        }
        base.Dispose(disposing);
    }

    /// <summary>Completes <see cref="Completion"/>.</summary>
    internal void SetEnded()
    {
        _isGone = true;
        _ended.TrySetResult();
    }

    /// <summary>Drops what the other end sends, until it ends.</summary>
    /// <param name="cancellationToken">Ends the wait for it; not an error.</param>
    internal async Task DiscardAsync(CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(DrainLength);
        try
        {
            await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                while (await _pipe.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) > 0)
                {
                }
            }
            finally
            {
                _reading.Release();
            }
        }
        catch (Exception end) when (end is OperationCanceledException or VmBusException or ObjectDisposedException)
        {
            // Time is up, or the other end has broken its ring or is gone: nothing had to be kept.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Waits until the other end has completed its writing and has read all that was written here, except the end packet.</summary>
    /// <param name="cancellationToken">Ends the wait; not an error.</param>
    internal async Task WaitUntilReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            // A ring that has room for this packet holds the end packet at most. That does not work for a ring longer than any packet.
            OutgoingRing ring = _pipe.Channel.Outgoing;
            int largest = ring.DataSize - 2 * EndLength;
            if (_pipe.PeerCompletedWriting && largest <= ring.MaxPayloadLength && await _pipe.Channel.WaitToWriteAsync(largest, cancellationToken).ConfigureAwait(false))
                return;
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception end) when (end is OperationCanceledException or VmBusException or ObjectDisposedException)
        {
            // Time is up, or the other end is gone.
        }
    }

    /// <summary>
    /// The other end has closed the channel, and its memory is about to be unmapped: keeps what is left in the ring for the reader. The
    /// close wakes a read that waits.
    /// </summary>
    internal async Task DetachAsync()
    {
        await _reading.WaitAsync().ConfigureAwait(false);
        var rest = new ArrayBufferWriter<byte>();
        try
        {
            // An end that writes on after its close gets no more than one ring through.
            int limit = _pipe.Channel.Incoming.DataSize;
            int read;
            while (!IsDisposed && rest.WrittenCount < limit && (read = await _pipe.ReadAsync(rest.GetMemory(DrainLength)).ConfigureAwait(false)) > 0)
                rest.Advance(read);
        }
        catch (VmBusException fault)
        {
            _fault = fault;
        }
        catch (ObjectDisposedException end)
        {
            // The channel was taken away meanwhile: the rest is lost, which is not a proper end.
            if (!_pipe.PeerCompletedWriting)
                _fault = end;
        }
        finally
        {
            // Also what arrived before a fault.
            _rest = new ReadOnlySequence<byte>(rest.WrittenMemory);
            _isGone = true;
            _reading.Release();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadCoreAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using CallCancellation.Call call = _reads.Begin(cancellationToken);
        try
        {
            Task turn = _reading.WaitAsync(call.Token);
            using (turn.IsCompleted ? default : call.Listen())
                await turn.ConfigureAwait(false);
            try
            {
                if (_isGone)
                    return ReadRest(buffer.Span);
                ValueTask<int> reading = _pipe.ReadAsync(buffer, call.Token);
                using (reading.IsCompleted ? default : call.Listen())
                    return await reading.ConfigureAwait(false);
            }
            finally
            {
                _reading.Release();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(HvSocketStream));
        }
        catch (ObjectDisposedException end) when (!IsDisposed)
        {
            throw Reset(end);
        }
    }

    private int ReadRest(Span<byte> buffer)
    {
        if (_rest.IsEmpty && _fault is not null)
            throw Reset(_fault);
        int length = (int)Math.Min(_rest.Length, buffer.Length);
        _rest.Slice(0, length).CopyTo(buffer);
        _rest = _rest.Slice(length);
        return length;
    }

    private void WritePiece(ReadOnlyMemory<byte> piece)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(WriteTimeout));
        try
        {
            WriteCoreAsync(piece, limit.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"No room within {WriteTimeout} ms.");
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteCoreAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using CallCancellation.Call call = _writes.Begin(cancellationToken);
        try
        {
            ValueTask writing = _pipe.WriteAsync(buffer, call.Token);
            using (writing.IsCompleted ? default : call.Listen())
                await writing.ConfigureAwait(false);
        }
        catch (Exception end) when (IsDisposed && end is InvalidOperationException or VmBusException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(HvSocketStream));
        }
        catch (Exception end) when (end is PeerDisconnectedException or ObjectDisposedException)
        {
            throw Reset(end);
        }
    }

    private void CheckWrite()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (_isGone)
            throw Reset(null);
    }

    private void CompleteWritingCore()
    {
        try
        {
            _pipe.CompleteWriting();
        }
        catch (Exception end) when (end is VmBusException or ObjectDisposedException)
        {
            // The other end is gone.
        }
    }

    private HvSocketException Reset(Exception? cause)
    {
        string message = $"The other end of the connection to service {Service} is gone.";
        return cause is null ? new HvSocketException(message, SocketError.ConnectionReset) : new HvSocketException(message, SocketError.ConnectionReset, cause);
    }
}
