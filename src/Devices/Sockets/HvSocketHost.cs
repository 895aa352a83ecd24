// All socket connections of one bus, at the host's end. What HvsockRelay is to OpenVMM (vmbus_server hvsock.rs), and
// AF_HYPERV to a Windows host.

using System.Collections.Concurrent;
using System.Net.Sockets;
using VmBus.Hosting;

namespace VmBus.Devices;

/// <summary>
/// Connects to services in a guest, and accepts the guest's connections to services of the host, as AF_VSOCK does on Linux and
/// AF_HYPERV on Windows. Thread-safe.
/// </summary>
/// <remarks>
/// It handles the bus's <see cref="HostBus.TransportConnect"/> until it is disposed. Each connection has its own channel: none
/// waits for another. Connections do not survive a save of the bus: for the guest they end when the restore is completed. Connect
/// requests without an answer go to the new bus's <see cref="HvSocketHost"/>.
/// </remarks>
public sealed class HvSocketHost : IAsyncDisposable
{
    private readonly HostBus _bus;
    private readonly ConcurrentDictionary<Guid, HvSocketListener> _listeners = [];
    private readonly ConcurrentDictionary<HvSocketConnection, byte> _connections = [];
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<TransportRequest, CancellationToken, ValueTask<bool>> _answer;
    private int _count;
    private int _isDisposed;
    private long _refused;
    private long _lastOpened = long.MinValue;

    /// <summary>Starts to handle the bus's connect requests.</summary>
    /// <param name="bus">The bus.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option has an invalid value.</exception>
    /// <exception cref="InvalidOperationException">The bus already has a handler.</exception>
    public HvSocketHost(HostBus bus, HvSocketOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(bus);
        Options = options ?? new HvSocketOptions();
        Options.Validate();
        if (bus.TransportConnect is not null)
            throw new InvalidOperationException("The bus already has a handler of connect requests: HostBus.TransportConnect is set.");
        _bus = bus;
        bus.TransportConnect = _answer = AnswerAsync;
    }

    /// <summary>The number of connections, including those being opened or closed.</summary>
    public int ConnectionCount => Volatile.Read(ref _count);

    /// <summary>The number of connect requests of the guest that were refused.</summary>
    public long RefusedConnects => Interlocked.Read(ref _refused);

    internal HvSocketOptions Options { get; }

    // Also a fence: either the dispose sees what was stored before, or this sees the dispose.
    private bool IsDisposed => Interlocked.CompareExchange(ref _isDisposed, 0, 0) != 0;

    /// <summary>When the guest opened a connection last, by the clock's timestamps.</summary>
    internal long LastOpened => Volatile.Read(ref _lastOpened);

    /// <summary>Connects to a service in the guest.</summary>
    /// <param name="service">The service; for a port, use <see cref="HvSocketService.FromPort"/>.</param>
    /// <param name="cancellationToken">Cancels the connect, and revokes the channel.</param>
    /// <returns>The open connection. Dispose it when done.</returns>
    /// <exception cref="HvSocketException">
    /// The guest is not connected to the bus, or did not open the channel in time (this is how a guest refuses); the bus ended;
    /// or there are too many connections.
    /// </exception>
    public Task<HvSocketStream> ConnectAsync(Guid service, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (!_bus.Negotiated.IsNegotiated || !_bus.Negotiated.HasTransportConnect)
            throw new HvSocketException($"Service {service} cannot be reached: no guest with sockets is connected to the bus.", SocketError.HostUnreachable);
        return OpenAsync(new HvSocketConnection(this, service, Guid.NewGuid(), isForAccept: true), Options.ConnectTimeout, service, static () => { }, cancellationToken);
    }

    /// <summary>Listens for the guest's connections to a service.</summary>
    /// <param name="service">The service; for a port, use <see cref="HvSocketService.FromPort"/>.</param>
    /// <param name="backlog">The maximum number of connections waiting to be accepted; more are refused.</param>
    /// <returns>The listener. Dispose it to stop listening.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The backlog is not positive.</exception>
    /// <exception cref="InvalidOperationException">The service already has a listener.</exception>
    public HvSocketListener Listen(Guid service, int backlog = 128)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(backlog);
        var listener = new HvSocketListener(service, backlog, ended => _listeners.TryRemove(new KeyValuePair<Guid, HvSocketListener>(ended.Service, ended)));
        if (!_listeners.TryAdd(service, listener))
            throw new InvalidOperationException($"Service {service} already has a listener.");
        if (IsDisposed)
        {
            listener.Dispose();
            ObjectDisposedException.ThrowIf(true, this);
        }

        return listener;
    }

    /// <summary>
    /// Stops listening and closes every connection, without waiting for the guest. Can be called any number of times: each call
    /// returns when no connection is left.
    /// </summary>
    /// <exception cref="AggregateException">
    /// A callback that <see cref="HvSocketOptions.Requested"/> registered with its token threw. Everything has ended; only the first call
    /// throws.
    /// </exception>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            await _left.Task.ConfigureAwait(false);
            return;
        }
        if (_bus.TransportConnect == _answer)
            _bus.TransportConnect = null;
        // The program's callbacks may wait for the other calls; none of those waits for the callbacks.
        Task cancelling = _ending.CancelAsync();
        foreach (HvSocketListener listener in _listeners.Values)
            listener.Dispose();
        foreach (HvSocketConnection connection in _connections.Keys)
            _ = connection.EndAsync();
        LeaveIfLast(Volatile.Read(ref _count));
        await _left.Task.ConfigureAwait(false);
        await cancelling.ConfigureAwait(false);
    }

    /// <summary>Counts a connect request that is about to be refused.</summary>
    internal void CountRefused() => Interlocked.Increment(ref _refused);

    /// <summary>Notes that the guest has opened a connection, so that it counts as alive.</summary>
    internal void NoteOpened() => Volatile.Write(ref _lastOpened, Options.Clock.GetTimestamp());

    /// <summary>Offers a connection, waits until it is open, and counts it until it has ended.</summary>
    internal async Task<HvSocketStream> OpenAsync(HvSocketConnection connection, TimeSpan timeout, Guid service, Action offered, CancellationToken cancellationToken)
    {
        // Counted first: either a dispose waits for it, or this sees the dispose.
        if (Interlocked.Increment(ref _count) > Options.MaxConnections)
        {
            Uncount();
            throw new HvSocketException($"There are {Options.MaxConnections} connections, which is the limit.", SocketError.TooManyOpenSockets);
        }
        if (IsDisposed)
        {
            Uncount();
            ObjectDisposedException.ThrowIf(true, this);
        }
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ending.Token);
        bool isOffered = false;
        try
        {
            return await connection.OpenAsync(_bus, timeout, Offered, Ended, either.Token).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new HvSocketException($"The guest has not opened a channel for service {service} within {timeout.TotalSeconds:0.###} s.", SocketError.TimedOut);
        }
        catch (Exception end) when (end is OperationCanceledException or HvSocketException && _ending.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(HvSocketHost));
        }
        catch (Exception error) when (!isOffered && error is InvalidOperationException or BusFaultException)
        {
            throw new HvSocketException($"No channel can be offered for service {service}: {error.Message}", SocketError.ConnectionAborted, error);
        }
        finally
        {
            if (!isOffered)
                Uncount();
        }

        void Offered()
        {
            isOffered = true;
            _connections[connection] = 0;
            // The dispose did not find this one.
            if (IsDisposed)
                _ = connection.EndAsync();
            offered();
        }

        // Counted until the guest has lost it.
        void Ended()
        {
            _connections.TryRemove(connection, out _);
            Uncount();
        }
    }

    private void Uncount() => LeaveIfLast(Interlocked.Decrement(ref _count));

    private void LeaveIfLast(int count)
    {
        if (count == 0 && IsDisposed)
            _left.TrySetResult();
    }

    private ValueTask<bool> AnswerAsync(TransportRequest asked, CancellationToken withdrawn)
    {
        var request = new HvSocketRequest(this, asked);
        _ = ServeAsync(request, withdrawn);
        return new ValueTask<bool>(request.Answer);
    }

    // Runs as long as the connection, if one is accepted.
    private async Task ServeAsync(HvSocketRequest request, CancellationToken withdrawn)
    {
        // Cancelling refuses what was not accepted, and nothing else: the token is the request's, not the connection's.
        using CancellationTokenRegistration registration = withdrawn.UnsafeRegister(static request => ((HvSocketRequest)request!).Refuse(), request);
        try
        {
            if (_listeners.TryGetValue(request.Service, out HvSocketListener? listener))
                await listener.TakeAsync(request).ConfigureAwait(false);
            else if (Options.Requested is { } requested)
                await requested(request, _ending.Token).ConfigureAwait(false);
        }
        catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException && _ending.IsCancellationRequested)
        {
            // The sockets are disposed, and their connections taken away.
        }
        catch (Exception failure)
        {
            request.Fail(failure);
        }
        request.Refuse();
    }
}
