// Whole messages of a pipe, and the overloads of Stream that call those with spans.

using VmBus.Layout;

namespace VmBus.Pipes;

partial class PipeStream
{
    /// <summary>Reads one whole message, or what earlier reads left of one, or waits for it.</summary>
    /// <param name="buffer">Where it goes. <see cref="PipeHeader.MaxDataLength"/> bytes are always enough.</param>
    /// <returns>The message's length, which may be 0; -1 at the end.</returns>
    /// <exception cref="ArgumentException">The message is longer than the buffer. It stays unread.</exception>
    /// <exception cref="InvalidOperationException">The pipe carries bytes.</exception>
    /// <exception cref="TimeoutException">No data within <see cref="ReadTimeout"/>.</exception>
    /// <exception cref="PipeCorruptException">The other side sent something impossible.</exception>
    public int ReadMessage(Span<byte> buffer)
    {
        CheckReadMessage();
        int length;
        while (!_input.TryReadMessage(buffer, out length))
            _input.Wait(_readTimeout);
        return length;
    }

    /// <inheritdoc cref="ReadMessage(Span{byte})" path="/*[self::summary or self::returns or self::remarks or self::exception]"/>
    /// <param name="buffer">Where it goes. <see cref="PipeHeader.MaxDataLength"/> bytes are always enough.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>; no message is lost.</param>
    public ValueTask<int> ReadMessageAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        CheckReadMessage();
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellationToken);
        try
        {
            return _input.TryReadMessage(buffer.Span, out int length) ? ValueTask.FromResult(length) : WaitAndReadMessage(buffer, cancellationToken);
        }
        catch (VmBusException error)
        {
            return ValueTask.FromException<int>(error);
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override int ReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        return Read(one) == 0 ? -1 : one[0];
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override void WriteByte(byte value) => Write([value]);

    /// <summary>A pipe cannot seek.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A pipe cannot seek.");

    /// <summary>A pipe has no length.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override void SetLength(long value) => throw new NotSupportedException("A pipe has no length.");

    private async ValueTask<int> WaitAndReadMessage(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int length;
        do
            await _input.WaitAsync(cancellationToken).ConfigureAwait(false);
        while (!_input.TryReadMessage(buffer.Span, out length));
        return length;
    }

    private void CheckReadMessage()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (Mode != PipeMode.Message)
            throw new InvalidOperationException("This pipe carries bytes, not messages.");
    }
}
