// A service as an end point, which Kestrel passes from its options to the transport and writes to its log.

using System.Net;
using VmBus.Devices;

namespace VmBus.Kestrel;

/// <summary>A service, and where to listen for it; or the end of a connection.</summary>
internal sealed class HvSocketServiceEndPoint : EndPoint
{
    public HvSocketServiceEndPoint(Guid service) => Service = service;

    public HvSocketServiceEndPoint(Guid service, HvSocketHost host)
        : this(service) => Host = host;

    public HvSocketServiceEndPoint(Guid service, HvSocketGuest guest)
        : this(service) => Guest = guest;

    public Guid Service { get; }

    public HvSocketHost? Host { get; }

    public HvSocketGuest? Guest { get; }

    /// <inheritdoc/>
    public override string ToString() => HvSocketService.TryGetPort(Service, out uint port) ? $"hvsocket:{port}" : $"hvsocket:{Service}";
}
