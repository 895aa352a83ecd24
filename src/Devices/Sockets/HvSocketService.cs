// The service ids that stand for ports. Mirrors the service id template of Linux (net/vmw_vsock/hyperv_transport.c,
// srv_id_template) and HV_GUID_VSOCK_TEMPLATE of Windows (hvsocket.h).

namespace VmBus.Devices;

/// <summary>
/// Services are GUIDs. An AF_VSOCK port is the GUID <c>pppppppp-facb-11e6-bd58-64006a7986d3</c>, with the port in the first four bytes.
/// </summary>
public static class HvSocketService
{
    private static readonly Guid Template = new("00000000-facb-11e6-bd58-64006a7986d3");

    /// <summary>Returns the service of a port.</summary>
    /// <param name="port">The AF_VSOCK port.</param>
    public static Guid FromPort(uint port)
    {
        Span<byte> bytes = stackalloc byte[16];
        Template.TryWriteBytes(bytes);
        BitConverter.TryWriteBytes(bytes, port);
        return new Guid(bytes);
    }

    /// <summary>Gets the port of a service.</summary>
    /// <param name="service">The service.</param>
    /// <param name="port">Its port; 0 if the service is not a port.</param>
    /// <returns>Whether the service is a port.</returns>
    public static bool TryGetPort(Guid service, out uint port)
    {
        Span<byte> bytes = stackalloc byte[16];
        service.TryWriteBytes(bytes);
        port = BitConverter.ToUInt32(bytes);
        bytes[..4].Clear();
        if (new Guid(bytes) == Template)
            return true;
        port = 0;
        return false;
    }
}
