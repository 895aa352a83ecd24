// Accepts a guest's connections to one service. What TcpListener is to TCP.

using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace VmBus.Devices;

/// <summary>
/// Accepts connections to one service. Dispose it to stop listening: connections that were not accepted are closed.
/// Thread-safe.
/// </summary>
public sealed class HvSocketListener : IDisposable
{
    private readonly Channel<HvSocketStream> _accepted = Channel.CreateUnbounded<HvSocketStream>();
    private readonly CancellationTokenSource _ending = new();
    private readonly Action<HvSocketListener> _ended;
    private readonly int _backlog;
    private int _waiting;       // being opened, or open and not accepted yet
    private int _isDisposed;

    internal HvSocketListener(Guid service, int backlog, Action<HvSocketListener> ended)
    {
        Service = service;
        _backlog = backlog;
        _ended = ended;
    }

    /// <summary>The service.</summary>
    public Guid Service { get; }

    /// <summary>Accepts the next connection. It is already open.</summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>The connection. Dispose it when done.</returns>
    /// <exception cref="ObjectDisposedException">The listener or its <see cref="HvSocketHost"/> is disposed.</exception>
    public async ValueTask<HvSocketStream> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            HvSocketStream stream = await _accepted.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            Interlocked.Decrement(ref _waiting);
            return stream;
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(HvSocketListener));
        }
    }

    /// <summary>Accepts every connection until the listener is disposed.</summary>
    /// <param name="cancellationToken">Ends the enumeration with <see cref="OperationCanceledException"/>.</param>
    public async IAsyncEnumerable<HvSocketStream> AcceptAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await _accepted.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            while (_accepted.Reader.TryRead(out HvSocketStream? stream))
            {
                Interlocked.Decrement(ref _waiting);
                yield return stream;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        _ended(this);
        _ending.Cancel();
        _accepted.Writer.TryComplete();
        while (_accepted.Reader.TryRead(out HvSocketStream? stream))
            stream.Dispose();
    }

    /// <summary>Opens what a guest asked for and keeps it for <see cref="AcceptAsync"/>. Returns without an answer when the backlog is full.</summary>
    internal async Task TakeAsync(HvSocketRequest request)
    {
        if (Interlocked.Increment(ref _waiting) > _backlog)
        {
            Interlocked.Decrement(ref _waiting);
            return;
        }
        HvSocketStream? stream = null;
        try
        {
            stream = await request.AcceptAsync(_ending.Token).ConfigureAwait(false);
            if (!_accepted.Writer.TryWrite(stream))
                await stream.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception end) when (end is HvSocketException or OperationCanceledException)
        {
            // The guest has given up, or the listener is disposed: there is no connection.
        }
        finally
        {
            if (stream is null)
                Interlocked.Decrement(ref _waiting);
        }
    }
}
