// Chooses the listener of an end point. What SocketTransportFactory is to Kestrel's own sockets.

using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using VmBus.Linux;
using VmBus.Windows;

namespace VmBus.Kestrel;

/// <summary>Kestrel's transport between a host and its guests. Other transports keep what it does not bind.</summary>
internal sealed class VmBusTransport(ILoggerFactory loggers) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <inheritdoc/>
    public bool CanBind(EndPoint endpoint) => endpoint switch
    {
        HvSocketServiceEndPoint => true,
        VsockEndPoint => OperatingSystem.IsLinux(),
        HyperVEndPoint => OperatingSystem.IsWindows(),
        _ => false,
    };

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        if (endpoint is HvSocketServiceEndPoint service)
            return new(HvSocketConnectionListener.Bind(service));
        if (OperatingSystem.IsLinux() && endpoint is VsockEndPoint)
            return new(SocketConnectionListener.Bind(VsockEndPoint.CreateSocket(), endpoint, loggers));
        if (OperatingSystem.IsWindows() && endpoint is HyperVEndPoint)
            return new(SocketConnectionListener.Bind(HyperVEndPoint.CreateSocket(), endpoint, loggers));
        throw new NotSupportedException($"No socket of this system listens at {endpoint}.");
    }
}
