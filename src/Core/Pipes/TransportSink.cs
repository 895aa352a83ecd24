// What the framework's PipeWriter writes to. After a cancelled flush it offers the same segment again, from its start and
// perhaps longer: how much of it is sent already is remembered here.

namespace VmBus.Pipes;

/// <summary>A stream that is only written, and only by one <see cref="TransportWriter"/>.</summary>
internal sealed class TransportSink(PipeStream stream) : Stream
{
    private int _sent;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => stream.Length;

    public override long Position
    {
        get => stream.Position;
        set => stream.Position = value;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ReadOnlyMemory<byte> rest = buffer[_sent..];
        while (!stream.TryWrite(ref rest))
        {
            _sent = buffer.Length - rest.Length;
            await stream.WaitForRoomAsync(rest.Length, cancellationToken).ConfigureAwait(false);
        }

        _sent = 0;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ReadOnlySpan<byte> rest = buffer[_sent..];
        _sent = 0;
        stream.Write(rest);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("This half of a pipe is write-only.");

    public override long Seek(long offset, SeekOrigin origin) => stream.Seek(offset, origin);

    public override void SetLength(long value) => stream.SetLength(value);
}
