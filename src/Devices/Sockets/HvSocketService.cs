// The service ids that stand for ports. Mirrors the service id template of Linux (net/vmw_vsock/hyperv_transport.c,
// srv_id_template) and HV_GUID_VSOCK_TEMPLATE of Windows (hvsocket.h).

namespace VmBus.Devices;

/// <summary>
/// Services are ids. A port of AF_VSOCK is the one whose first four bytes it is: <c>pppppppp-facb-11e6-bd58-64006a7986d3</c>.
/// </summary>
public static class HvSocketService
{
    private static readonly Guid Template = new("00000000-facb-11e6-bd58-64006a7986d3");

    /// <summary>The service of a port.</summary>
    /// <param name="port">The port, as AF_VSOCK counts them.</param>
    public static Guid FromPort(uint port)
    {
        Span<byte> bytes = stackalloc byte[16];
        Template.TryWriteBytes(bytes);
        BitConverter.TryWriteBytes(bytes, port);
        return new Guid(bytes);
    }

    /// <summary>The port of a service.</summary>
    /// <param name="service">The service.</param>
    /// <param name="port">Its port; 0 where it is none.</param>
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
