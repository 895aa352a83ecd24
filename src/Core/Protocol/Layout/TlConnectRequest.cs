// The guest asks for a socket channel. Mirrors vmbus_channel_tl_connect_request (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_TL_CONNECT_REQUEST</c> (21), guest to host, from protocol 4.0 on: answered with an offer, or with
/// <see cref="TlConnectResult"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TlConnectRequest
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.TlConnectRequest;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 40;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>guest_endpoint_id</c>: the guest's end.</summary>
    public Guid EndpointId;

    /// <summary><c>host_service_id</c>: the host's service.</summary>
    public Guid ServiceId;
}
