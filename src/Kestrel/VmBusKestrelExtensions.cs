// What a program calls to make Kestrel listen on sockets between host and guest.

using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using VmBus.Devices;

namespace VmBus.Kestrel;

/// <summary>Runs Kestrel on sockets between a host and its guests.</summary>
/// <remarks>
/// <para>A client does not need this package: let <see cref="System.Net.Http.SocketsHttpHandler.ConnectCallback"/> return an
/// <see cref="HvSocketStream"/>, the stream of <see cref="Linux.VsockEndPoint.ConnectStreamAsync"/>, or a
/// <see cref="System.Net.Sockets.NetworkStream"/> over a socket of <see cref="Windows.HyperVEndPoint"/>.</para>
/// <para>The connection of a request provides the <see cref="HvSocketStream"/> as a feature (like
/// <c>IConnectionItemsFeature</c>), for its <see cref="HvSocketStream.Endpoint"/> and <see cref="HvSocketStream.Urgency"/>.
/// Only Kestrel reads and writes it.</para>
/// </remarks>
public static class VmBusKestrelExtensions
{
    /// <summary>
    /// Lets Kestrel listen at <see cref="Linux.VsockEndPoint"/> and <see cref="Windows.HyperVEndPoint"/>, by
    /// <see cref="KestrelServerOptions.Listen(System.Net.EndPoint)"/>, and on the sockets of
    /// <see cref="ListenHvSocket(KestrelServerOptions, HvSocketHost, Guid, Action{ListenOptions}?)"/>. Other end points work as
    /// before.
    /// </summary>
    /// <param name="builder">The web host.</param>
    public static IWebHostBuilder UseVmBus(this IWebHostBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ConfigureServices(static services => services.TryAddEnumerable(ServiceDescriptor.Singleton<IConnectionListenerFactory, VmBusTransport>()));
    }

    /// <summary>Serves a guest's connections to a service of the host. Needs <see cref="UseVmBus"/>.</summary>
    /// <param name="options">The server.</param>
    /// <param name="host">The host's sockets. They outlive the server.</param>
    /// <param name="service">The service; for a port, use <see cref="HvSocketService.FromPort"/>.</param>
    /// <param name="configure">
    /// Protocols and other settings, as for any end point; for gRPC <see cref="HttpProtocols.Http2"/>.
    /// </param>
    public static void ListenHvSocket(this KestrelServerOptions options, HvSocketHost host, Guid service, Action<ListenOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(host);
        options.Listen(new HvSocketServiceEndPoint(service, host), configure ?? (static _ => { }));
    }

    /// <summary>Serves the host's connections to a service of a guest inside this program. Needs <see cref="UseVmBus"/>.</summary>
    /// <param name="options">The server.</param>
    /// <param name="guest">The guest's sockets. Their bus outlives the server.</param>
    /// <param name="service">The service; for a port, use <see cref="HvSocketService.FromPort"/>.</param>
    /// <param name="configure">
    /// Protocols and other settings, as for any end point; for gRPC <see cref="HttpProtocols.Http2"/>.
    /// </param>
    public static void ListenHvSocket(this KestrelServerOptions options, HvSocketGuest guest, Guid service, Action<ListenOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(guest);
        options.Listen(new HvSocketServiceEndPoint(service, guest), configure ?? (static _ => { }));
    }
}
