// A guest asks for a socket channel. Mirrors vmbus_channel_tl_connect_request (Linux include/linux/hyperv.h).

namespace VmBus.Hosting;

/// <summary>A guest's request for a socket channel.</summary>
/// <param name="Endpoint">The guest's end.</param>
/// <param name="Service">The requested service.</param>
/// <param name="Silo">The silo of the service; all zeros before 5.2.</param>
public readonly record struct TransportRequest(Guid Endpoint, Guid Service, Guid Silo);
