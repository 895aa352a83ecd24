// A byte pipe for users of System.IO.Pipelines: their own reader over it, and their own writer with an end that is said.

using System.IO.Pipelines;
using VmBus.Layout;

namespace VmBus.Pipes;

/// <summary>A byte-mode pipe as an <see cref="IDuplexPipe"/>.</summary>
/// <remarks>
/// <para>The ring is the only queue between the two sides. A reader that does not read fills it, and then the other side's
/// <see cref="PipeWriter.FlushAsync"/> waits. The next flush continues one that was cancelled: no byte is lost or
/// sent twice.</para>
/// <para>Completing <see cref="Output"/> sends the end packet once everything was flushed. Completing it with an error drops
/// unflushed data and sends no end packet. Completing <see cref="Input"/> only stops reading. Dispose completes both, sends
/// the end packet if it was not sent, and disposes the stream.</para>
/// <para>One thread can read and one can write at a time.</para>
/// </remarks>
public sealed class PipeTransport : IDuplexPipe, IAsyncDisposable
{
    private readonly PipeStream _stream;

    /// <summary>Creates a transport on a stream that has no other user.</summary>
    /// <param name="stream">A pipe in byte mode.</param>
    /// <param name="readerOptions">Buffers of the reader; <see langword="null"/> for the defaults. The stream always stays open.</param>
    /// <param name="writerOptions">Buffers of the writer; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The pipe carries messages, whose boundaries a transport would lose.</exception>
    public PipeTransport(PipeStream stream, StreamPipeReaderOptions? readerOptions = null, StreamPipeWriterOptions? writerOptions = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (stream.Mode != PipeMode.Byte)
            throw new ArgumentException("A transport carries bytes; this pipe carries messages.", nameof(stream));
        _stream = stream;
        Input = PipeReader.Create(stream, new StreamPipeReaderOptions(readerOptions?.Pool, readerOptions?.BufferSize ?? -1,
            readerOptions?.MinimumReadSize ?? -1, leaveOpen: true, readerOptions?.UseZeroByteReads ?? false));
        Output = new TransportWriter(stream, writerOptions);
    }

    /// <summary>Reads the data that the other side writes.</summary>
    public PipeReader Input { get; }

    /// <summary>Writes the data that the other side reads.</summary>
    public PipeWriter Output { get; }

    /// <summary>Completes both halves, flushing what was written, and disposes the stream.</summary>
    /// <exception cref="PeerDisconnectedException">The other side disconnected before everything was flushed.</exception>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Input.CompleteAsync().ConfigureAwait(false);

            // To a peer that broke the pipe there is nothing to say.
            Exception? fault = (Exception?)_stream.CorruptionError ?? _stream.Channel.CorruptionError;
            await Output.CompleteAsync(fault).ConfigureAwait(false);
        }
        finally
        {
            await _stream.DisposeAsync().ConfigureAwait(false);
        }
    }
}
