// A connection as Kestrel serves it. What SocketConnection is to Kestrel's own sockets: one loop reads ahead, so that a request
// is aborted when its client disconnects; writes go straight into the ring.

using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using VmBus.Devices;

namespace VmBus.Kestrel;

/// <summary>One connection to a service.</summary>
internal sealed class HvSocketConnectionContext : DefaultConnectionContext, IDuplexPipe
{
    // A packet of a byte pipe holds this much.
    private const int BufferSize = 16384;

    // How much is read ahead of a slow program, as by Kestrel's own.
    private const int MaxReadAhead = 1 << 20;

    private readonly HvSocketStream _stream;
    private readonly Pipe _input = new(new PipeOptions(pauseWriterThreshold: MaxReadAhead, resumeWriterThreshold: MaxReadAhead / 2, minimumSegmentSize: BufferSize, useSynchronizationContext: false));
    private readonly CancellationTokenSource _closed = new();
    private readonly Task _receiving;
    private int _isClosed;

    public HvSocketConnectionContext(HvSocketStream stream)
    {
        _stream = stream;
        Output = PipeWriter.Create(new TransportOutput(stream, Close), new StreamPipeWriterOptions(minimumBufferSize: BufferSize, leaveOpen: true));
        Transport = this;
        ConnectionClosed = _closed.Token;
        LocalEndPoint = new HvSocketServiceEndPoint(stream.Service);
        RemoteEndPoint = new HvSocketServiceEndPoint(stream.Endpoint);
        Features.Set(stream);
        _receiving = ReceiveAsync(_input.Writer);
    }

    /// <inheritdoc/>
    public PipeReader Input => _input.Reader;

    /// <inheritdoc/>
    public PipeWriter Output { get; }

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        _stream.Dispose();
        Close();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await Output.CompleteAsync().ConfigureAwait(false);
        await Input.CompleteAsync().ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
        await _receiving.ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private async Task ReceiveAsync(PipeWriter writer)
    {
        Exception? why = null;
        try
        {
            do
            {
                // A silent connection takes no buffer.
                await _stream.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
                int read = await _stream.ReadAsync(writer.GetMemory(BufferSize)).ConfigureAwait(false);
                if (read == 0)
                    break;
                writer.Advance(read);
            }
            while (!(await writer.FlushAsync().ConfigureAwait(false)).IsCompleted);
        }
        catch (ObjectDisposedException)
        {
            why = new ConnectionAbortedException();
        }
        catch (VmBusException gone)
        {
            why = new ConnectionResetException(gone.Message, gone);
        }
        await writer.CompleteAsync(why).ConfigureAwait(false);
        // A client that ends its writing has disconnected, as for Kestrel's own sockets: its request is aborted.
        Close();
    }

    // Off the caller's thread: the server runs its own code here.
    private void Close()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
            _ = _closed.CancelAsync();
    }
}
