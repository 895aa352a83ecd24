// The guest asks for a socket channel of a silo. Mirrors TlConnectRequest2 (OpenVMM vmbus_core protocol.rs).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

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
