// The framework's PipeWriter over a stream, with two things it does not know: that a cancelled flush may have sent part
// of a segment, and that completing without an error says the end to the peer.

using System.IO.Pipelines;

namespace VmBus.Pipes;

/// <summary>The writing half of a <see cref="PipeTransport"/>.</summary>
internal sealed class TransportWriter : PipeWriter
{
    private readonly PipeStream _stream;
    private readonly PipeWriter _writer;
    private bool _completed;

    public TransportWriter(PipeStream stream, StreamPipeWriterOptions? options)
    {
        _stream = stream;
        _writer = Create(new TransportSink(stream), new StreamPipeWriterOptions(options?.Pool, options?.MinimumBufferSize ?? -1, leaveOpen: true));
    }

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _writer.UnflushedBytes;

    public override void Advance(int bytes) => _writer.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => _writer.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _writer.GetSpan(sizeHint);

    public override void CancelPendingFlush() => _writer.CancelPendingFlush();

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => _writer.FlushAsync(cancellationToken);

    public override void Complete(Exception? exception = null)
    {
        if (_completed)
            return;
        _completed = true;
        _writer.Complete(exception);
        if (exception is not null)
        {
            _stream.AbandonWriting();
            return;
        }

        try
        {
            _stream.CompleteWriting();
        }
        catch (ObjectDisposedException)
        {
            // All was flushed, and the pipe is closed on this side: that was its end.
        }
    }

    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (_completed)
            return;
        _completed = true;
        await _writer.CompleteAsync(exception).ConfigureAwait(false);
        if (exception is not null)
        {
            _stream.AbandonWriting();
            return;
        }

        try
        {
            await _stream.CompleteWritingAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // As in Complete.
        }
    }
}
