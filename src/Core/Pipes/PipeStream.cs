// A pipe-mode channel as a Stream, of bytes or of messages. What a hvsock is to Linux (net/vmw_vsock/hyperv_transport.c)
// and BytePipe and MessagePipe are to OpenVMM (vmbus_async).

using System.Diagnostics.CodeAnalysis;
using VmBus.Layout;

namespace VmBus.Pipes;

/// <summary>A pipe over a channel: <see cref="PipeMode.Byte"/> like a socket, <see cref="PipeMode.Message"/> with boundaries.</summary>
/// <remarks>
/// <para>One thread can read and one can write at a time; they can be different threads. Writes are not buffered: each is
/// published and signalled once, as soon as there is room, so <see cref="Flush"/> does nothing. A write that is
/// cancelled or times out can have sent part of its bytes, but never part of a message. Reads and writes that do not
/// wait do not allocate.</para>
/// <para>In byte mode a write is split into packets of at most <see cref="PipeHeader.MaxDataLength"/> bytes and a quarter of
/// the ring. <see cref="CompleteWriting"/> ends one direction with an empty packet, as hvsocks do; there is always room for it.
/// In message mode each write is one message, even an empty one, and each read returns data of one message only.</para>
/// <para>Reading ends (0 bytes) when the peer completed its writing, or is gone and everything it sent was read;
/// <see cref="PeerCompletedWriting"/> tells the two apart. Writing to a peer that is gone throws
/// <see cref="PeerDisconnectedException"/>. Invalid data throws <see cref="PipeCorruptException"/> or
/// <see cref="RingCorruptException"/>, once everything before it was read. A packet that requests a completion
/// gets none: pipes have no completions.</para>
/// </remarks>
public sealed partial class PipeStream : Stream
{
    private readonly PipeInput _input;
    private readonly PipeOutput _output;
    private readonly bool _leaveOpen;
    private TimeSpan _readTimeout = Timeout.InfiniteTimeSpan;
    private TimeSpan _writeTimeout = Timeout.InfiniteTimeSpan;
    private int _disposed;

    /// <summary>Creates a stream on an open channel that has no other user.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="mode">The mode in the offer: <see cref="PipeOfferData.Mode"/>.</param>
    /// <param name="leaveOpen">Whether the channel stays open when the stream is disposed.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such mode.</exception>
    public PipeStream(VmBusChannel channel, PipeMode mode = PipeMode.Byte, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(channel);
        if (mode is not (PipeMode.Byte or PipeMode.Message))
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "A pipe carries bytes (0) or messages (4).");
        Channel = channel;
        Mode = mode;
        _leaveOpen = leaveOpen;
        _input = new PipeInput(channel, mode);
        _output = new PipeOutput(channel, mode);
    }

    /// <summary>The underlying channel.</summary>
    public VmBusChannel Channel { get; }

    /// <summary>Whether the pipe carries bytes or messages.</summary>
    public PipeMode Mode { get; }

    /// <summary>The longest message that can be written, in bytes: the smaller of a packet's limit and the ring's.</summary>
    public int MaxMessageLength => Math.Min(PipeHeader.MaxDataLength, Channel.Outgoing.MaxPayloadLength - PipeHeader.Size);

    /// <summary>How soon to signal the other side for later writes.</summary>
    public Urgency Urgency
    {
        get => _output.Urgency;
        set => _output.Urgency = value;
    }

    /// <summary>In message mode, whether the last read returned the last byte of its message.</summary>
    public bool IsMessageComplete => _input.IsMessageComplete;

    /// <summary>Whether no more data will arrive. After a read of 0 bytes, this tells the end from an empty message.</summary>
    public bool IsEndOfStream => _input.IsEnded;

    /// <summary>Whether the peer completed its writing, as opposed to disconnecting.</summary>
    public bool PeerCompletedWriting => _input.PeerCompleted;

    /// <summary>
    /// The error that faulted the pipe, if any. For an error of the ring see <see cref="VmBusChannel.CorruptionError"/>.
    /// </summary>
    public PipeCorruptException? CorruptionError => _input.Fault;

    /// <inheritdoc/>
    public override bool CanRead => !IsDisposed;

    /// <inheritdoc/>
    public override bool CanWrite => !IsDisposed && !_output.IsCompleted;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanTimeout => true;

    /// <summary>How long a <c>Read</c> waits, in milliseconds, before it throws <see cref="TimeoutException"/>; <see cref="Timeout.Infinite"/> for no limit.</summary>
    public override int ReadTimeout
    {
        get => (int)_readTimeout.TotalMilliseconds;
        set => _readTimeout = TimeoutOf(value);
    }

    /// <summary>How long a <c>Write</c> waits for room, in milliseconds, for each packet; see <see cref="ReadTimeout"/>.</summary>
    public override int WriteTimeout
    {
        get => (int)_writeTimeout.TotalMilliseconds;
        set => _writeTimeout = TimeoutOf(value);
    }

    /// <summary>A pipe has no length.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Length => throw new NotSupportedException("A pipe has no length.");

    /// <summary>A pipe has no position.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Position
    {
        get => throw new NotSupportedException("A pipe has no position.");
        set => Seek(value, SeekOrigin.Begin);
    }

    /// <summary>Reads what has arrived, or waits for data.</summary>
    /// <param name="buffer">Where the data goes. An empty buffer waits for data and reads none.</param>
    /// <returns>Bytes read. 0 means an empty message or the end: see <see cref="IsEndOfStream"/>.</returns>
    /// <exception cref="TimeoutException">No data within <see cref="ReadTimeout"/>.</exception>
    /// <exception cref="PipeCorruptException">The other side sent invalid data.</exception>
    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        int read;
        while (!_input.TryRead(buffer, out read))
            _input.Wait(_readTimeout);
        return read;
    }

    /// <inheritdoc cref="Read(Span{byte})"/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellationToken);
        try
        {
            return _input.TryRead(buffer.Span, out int read) ? ValueTask.FromResult(read) : WaitAndRead(buffer, cancellationToken);
        }
        catch (VmBusException error)
        {
            return ValueTask.FromException<int>(error);
        }
    }

    /// <summary>Writes everything, and waits for room as often as needed.</summary>
    /// <param name="buffer">The data; in message mode one message.</param>
    /// <exception cref="ArgumentException">The message is longer than <see cref="MaxMessageLength"/>.</exception>
    /// <exception cref="InvalidOperationException">Writing was completed.</exception>
    /// <exception cref="TimeoutException">No room within <see cref="WriteTimeout"/>.</exception>
    /// <exception cref="PeerDisconnectedException">The other side is gone.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        CheckWrite(buffer.Length);
        while (!_output.TryWrite(ref buffer))
            _output.Wait(buffer.Length, _writeTimeout);
    }

    /// <inheritdoc cref="Write(ReadOnlySpan{byte})"/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            return TryWrite(ref buffer) ? ValueTask.CompletedTask : WaitAndWrite(buffer, cancellationToken);
        }
        catch (VmBusException error)
        {
            return ValueTask.FromException(error);
        }
    }

    /// <summary>Does nothing: each write was published and signalled when it returned.</summary>
    public override void Flush()
    {
    }

    /// <inheritdoc cref="Flush"/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Ends writing in byte mode: after all written data, the peer reads 0 bytes. Reading stays possible. Waits only if another
    /// writer has filled the ring; does nothing if the peer is gone.
    /// </summary>
    /// <exception cref="NotSupportedException">In message mode, where an empty packet is an empty message.</exception>
    /// <exception cref="TimeoutException">No room within <see cref="WriteTimeout"/>.</exception>
    public void CompleteWriting()
    {
        while (!TryComplete())
            _output.Wait(0, _writeTimeout);
    }

    /// <inheritdoc cref="CompleteWriting"/>
    /// <param name="cancellationToken">Cancels the wait with <see cref="OperationCanceledException"/>.</param>
    public async ValueTask CompleteWritingAsync(CancellationToken cancellationToken = default)
    {
        while (!TryComplete())
            await _output.WaitAsync(0, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether everything was written; if not, the rest waits for room. For the transport, which keeps count.</summary>
    internal bool TryWrite(ref ReadOnlyMemory<byte> buffer)
    {
        CheckWrite(buffer.Length);
        ReadOnlySpan<byte> rest = buffer.Span;
        bool written = _output.TryWrite(ref rest);
        buffer = buffer[^rest.Length..];
        return written;
    }

    internal ValueTask WaitForRoomAsync(int length, CancellationToken cancellationToken) => _output.WaitAsync(length, cancellationToken);

    /// <summary>
    /// Abandons the outgoing direction: later writes throw, and dispose sends no end packet. For a peer that is gone, or a
    /// channel that another stream takes over.
    /// </summary>
    public void AbandonWriting() => _output.Abandon();

    /// <summary>
    /// Sends the end packet in byte mode, unless it was sent, then disposes the channel unless it stays open. Can be called by
    /// any thread at any time: another thread's write completes or throws <see cref="ObjectDisposedException"/>.
    /// </summary>
    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        try
        {
            _output.Close(saysEnd: Mode == PipeMode.Byte && Channel.State == ChannelState.Open && CorruptionError is null);
        }
        catch (Exception end) when (end is VmBus.RingCorruptException or ObjectDisposedException)
        {
            // The peer is gone, and the channel keeps the error; or the channel was closed meanwhile.
        }
        finally
        {
            if (!_leaveOpen)
                Channel.Dispose();
            base.Dispose(disposing);
        }
    }

    private bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    private async ValueTask<int> WaitAndRead(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int read;
        do
            await _input.WaitAsync(cancellationToken).ConfigureAwait(false);
        while (!_input.TryRead(buffer.Span, out read));
        return read;
    }

    private async ValueTask WaitAndWrite(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        do
            await _output.WaitAsync(buffer.Length, cancellationToken).ConfigureAwait(false);
        while (!TryWrite(ref buffer));
    }

    private void CheckWrite(int length)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        _input.ThrowIfFaulted();
        if (_output.IsCompleted)
            throw new InvalidOperationException("Writing to this pipe was completed.");
        if (Channel.State == ChannelState.Disconnected)
            ThrowDisconnected();
        if (Mode == PipeMode.Message && length > _output.MaxDataLength)
            throw new ArgumentException($"The message has {length} bytes; this pipe carries messages of up to {_output.MaxDataLength}.");
    }

    private bool TryComplete()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (Mode == PipeMode.Message)
            throw new NotSupportedException("In message mode an empty packet is an empty message: the end cannot be sent; close the channel instead.");
        _input.ThrowIfFaulted();
        if (Channel.State == ChannelState.Disconnected)
            _output.Abandon();
        return _output.TryComplete();
    }

    [DoesNotReturn]
    private static void ThrowDisconnected() => throw new PeerDisconnectedException("The other side of the pipe is gone: what is written would not be read.");

    private static TimeSpan TimeoutOf(int milliseconds)
        => milliseconds is > 0 or Timeout.Infinite
            ? TimeSpan.FromMilliseconds(milliseconds)
            : throw new ArgumentOutOfRangeException(nameof(milliseconds), milliseconds, "A timeout must be positive, or -1 for none.");
}
