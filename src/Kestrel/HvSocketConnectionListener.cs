// Listens for one service of a bus, at either end of it.

using System.Net;
using Microsoft.AspNetCore.Connections;
using VmBus.Devices;

namespace VmBus.Kestrel;

/// <summary>Accepts connections to one service. One accept at a time, as Kestrel's.</summary>
internal sealed class HvSocketConnectionListener : IConnectionListener
{
    private readonly CancellationTokenSource _ending = new();
    private readonly HvSocketListener? _listener;
    private readonly IAsyncEnumerator<HvSocketStream> _accepted;
    private Task<bool>? _next;      // survives a cancelled accept, for the next one

    private HvSocketConnectionListener(HvSocketServiceEndPoint endpoint)
    {
        EndPoint = endpoint;
        _listener = endpoint.Host?.Listen(endpoint.Service);
        IAsyncEnumerable<HvSocketStream> all = _listener?.AcceptAllAsync(CancellationToken.None) ?? endpoint.Guest!.AcceptAllAsync(endpoint.Service, CancellationToken.None);
        _accepted = all.GetAsyncEnumerator(_ending.Token);
    }

    /// <inheritdoc/>
    public EndPoint EndPoint { get; }

    /// <summary>Starts to listen.</summary>
    /// <exception cref="AddressInUseException">There is another listener.</exception>
    public static HvSocketConnectionListener Bind(HvSocketServiceEndPoint endpoint)
    {
        try
        {
            return new HvSocketConnectionListener(endpoint);
        }
        catch (InvalidOperationException taken) when (taken is not ObjectDisposedException)
        {
            throw new AddressInUseException(taken.Message, taken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            Task<bool> next = _next ??= _accepted.MoveNextAsync().AsTask();
            if (!await next.WaitAsync(cancellationToken).ConfigureAwait(false))
                return null;
            _next = null;
            return new HvSocketConnectionContext(_accepted.Current);
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _listener?.Dispose();
        await _ending.CancelAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await UnbindAsync().ConfigureAwait(false);
        if (_next is { } last)
        {
            await ((Task)last).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // It arrived after the last accept.
            if (last.IsCompletedSuccessfully && last.Result)
                await _accepted.Current.DisposeAsync().ConfigureAwait(false);
        }
        await _accepted.DisposeAsync().ConfigureAwait(false);
    }
}
