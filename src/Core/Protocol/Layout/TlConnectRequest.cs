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

// The guest asks for a socket channel of a silo. Mirrors TlConnectRequest2 (OpenVMM vmbus_core protocol.rs).
/// <summary><c>CHANNELMSG_TL_CONNECT_REQUEST</c> (21) from protocol 5.2 on, guest to host.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TlConnectRequest2
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.TlConnectRequest;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 56;

    /// <summary>The message as older protocols know it, header included.</summary>
    public TlConnectRequest Request;

    /// <summary>Which silo the service is in.</summary>
    public Guid SiloId;
}

// The host could not make a socket channel. Mirrors TlConnectResult (OpenVMM vmbus_core protocol.rs).
/// <summary>
/// <c>CHANNELMSG_TL_CONNECT_RESULT</c> (23), host to guest, from protocol 4.1 on: Linux only logs it.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TlConnectResult
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.TlConnectResult;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 44;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary>The guest's end, as in the request.</summary>
    public Guid EndpointId;

    /// <summary>The host's service, as in the request.</summary>
    public Guid ServiceId;

    /// <summary>Why not.</summary>
    public ChannelMessageStatus Status;
}
