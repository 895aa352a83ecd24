// The host could not make a socket channel. Mirrors TlConnectResult (OpenVMM vmbus_core protocol.rs).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

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
