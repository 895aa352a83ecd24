// Listens with a system socket of a family that Kestrel's own transport does not bind, like the class of the same name there.

using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace VmBus.Kestrel;

/// <summary>Accepts the connections of one socket; Kestrel's own code serves them.</summary>
internal sealed class SocketConnectionListener : IConnectionListener
{
    // As Kestrel's own.
    private const int Backlog = 512;

    private readonly Socket _socket;
    private readonly SocketConnectionContextFactory _connections;

    private SocketConnectionListener(Socket socket, EndPoint endpoint, ILoggerFactory loggers)
    {
        _socket = socket;
        EndPoint = endpoint;
        // Kestrel waits for data by receives of no bytes, which .NET does by MSG_PEEK; Linux's hv_sock has none, and refuses them when
        // something is there.
        _connections = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions { WaitForDataBeforeAllocatingBuffer = false }, loggers.CreateLogger<SocketConnectionListener>());
    }

    /// <inheritdoc/>
    public EndPoint EndPoint { get; }

    /// <summary>Binds a socket, and owns it from then on.</summary>
    /// <exception cref="AddressInUseException">Another socket listens there.</exception>
    public static SocketConnectionListener Bind(Socket socket, EndPoint endpoint, ILoggerFactory loggers)
    {
        try
        {
            socket.Bind(endpoint);
            socket.Listen(Backlog);
            return new SocketConnectionListener(socket, socket.LocalEndPoint ?? endpoint, loggers);
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            socket.Dispose();
            throw new AddressInUseException(taken.Message, taken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                return _connections.Create(await _socket.AcceptAsync(cancellationToken).ConfigureAwait(false));
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException ended) when (ended.SocketErrorCode == SocketError.OperationAborted)
            {
                return null;
            }
            catch (SocketException gone) when (gone.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
            {
                // A client that gave up before it was accepted.
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _socket.Dispose();
        return default;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _connections.Dispose();
        return default;
    }
}
