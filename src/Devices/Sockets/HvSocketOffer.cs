// The offer of a socket's channel. Mirrors the hvsock part of u.pipe of vmbus_channel_offer as Linux reads it
// (net/vmw_vsock/hyperv_transport.c, hvs_open_connection: user_def[0] after the pipe mode is "from the host") and
// HvsockUserDefinedParameters of OpenVMM (vmbus_core protocol.rs).

using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Devices;

/// <summary>What the offer of a socket's channel says.</summary>
internal static class HvSocketOffer
{
    private const int IsForAcceptOffset = sizeof(uint);
    private const int UserDataLength = 120;

    /// <summary>The offer of a connection.</summary>
    /// <param name="service">The service.</param>
    /// <param name="endpoint">The guest's end, or an id of the connection's own where the host makes it.</param>
    /// <param name="isForAccept">Whether the guest is to accept it.</param>
    /// <param name="monitorLatency">The latency of its monitor; <see langword="null"/> for none.</param>
    public static HostOffer Make(Guid service, Guid endpoint, bool isForAccept, TimeSpan? monitorLatency)
    {
        var data = new byte[UserDataLength];
        data[IsForAcceptOffset] = isForAccept ? (byte)1 : (byte)0;
        return new HostOffer(service, endpoint)
        {
            Flags = OfferFlags.TlnpiProviderOffer,
            PipeMode = PipeMode.Byte,
            UserData = data,
            MonitorLatency = monitorLatency,
        };
    }

    /// <summary>Whether an offer is a connection from the host that a guest is to accept.</summary>
    public static bool IsForAccept(GuestOffer offer) =>
        (offer.Flags & OfferFlags.TlnpiProviderOffer) != 0 && offer.UserData.Length > IsForAcceptOffset && offer.UserData.Span[IsForAcceptOffset] != 0;
}
