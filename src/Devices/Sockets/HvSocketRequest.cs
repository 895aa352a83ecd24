// A guest's connect request that waits for an answer.

using System.Net.Sockets;
using VmBus.Hosting;

namespace VmBus.Devices;

/// <summary>A guest's connect request to a service. <see cref="HvSocketOptions.Requested"/> accepts it, or refuses it by returning.</summary>
public sealed class HvSocketRequest
{
    private readonly HvSocketHost _host;
    private readonly TaskCompletionSource<bool> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _accepted;
    private int _answered;

    internal HvSocketRequest(HvSocketHost host, TransportRequest request)
    {
        _host = host;
        Service = request.Service;
        Endpoint = request.Endpoint;
        Silo = request.Silo;
    }

    /// <summary>The requested service.</summary>
    public Guid Service { get; }

    /// <summary>The guest's end.</summary>
    public Guid Endpoint { get; }

    /// <summary>The silo in the request; all zeros from Linux.</summary>
    public Guid Silo { get; }

    internal Task<bool> Answer => _answer.Task;

    internal HvSocketConnection? Connection { get; private set; }

    /// <summary>
    /// Offers the channel to the guest, and waits until it is open. Prepare the service before: the guest can write at once.
    /// </summary>
    /// <param name="cancellationToken">Cancels the wait, and revokes the channel.</param>
    /// <returns>The connection. Dispose it when done.</returns>
    /// <exception cref="HvSocketException">
    /// The guest has withdrawn the request, did not open the channel in time, or sent an endpoint that is already in use.
    /// </exception>
    /// <exception cref="InvalidOperationException">The request was already accepted.</exception>
    public async Task<HvSocketStream> AcceptAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _accepted, 1) != 0)
            throw new InvalidOperationException($"The connection of {Endpoint} to service {Service} was already accepted.");
        if (Volatile.Read(ref _answered) != 0)
            throw new HvSocketException($"The guest has withdrawn its request to connect to service {Service}.", SocketError.ConnectionAborted);
        Connection = new HvSocketConnection(_host, Service, Endpoint, isForAccept: false);
        return await _host.OpenAsync(Connection, _host.Options.OpenTimeout, Service, Offered, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Refuses it, unless it was answered.</summary>
    internal void Refuse()
    {
        if (!TryAnswer())
            return;
        _host.CountRefused();
        _answer.TrySetResult(false);
    }

    /// <summary>Refuses it, or resets its connection, and has the bus report why.</summary>
    internal void Fail(Exception failure)
    {
        if (!TryAnswer())
        {
            Connection?.Fail(failure);
            return;
        }
        _host.CountRefused();
        _answer.TrySetException(failure);
        _ = _answer.Task.Exception;     // the bus reports it if it still waits
    }

    private void Offered()
    {
        if (TryAnswer())
            _answer.TrySetResult(true);
    }

    private bool TryAnswer() => Interlocked.Exchange(ref _answered, 1) == 0;
}
