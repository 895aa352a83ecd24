// The host answers a proposed protocol version. Mirrors vmbus_channel_version_response (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_VERSION_RESPONSE</c> (15), host to guest: the answer to <see cref="InitiateContact"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VersionResponse
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.VersionResponse;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 16;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>version_supported</c>: not 0 when the host speaks the version.</summary>
    public byte VersionSupported;

    /// <summary><c>connection_state</c>: whether the connection stands.</summary>
    public ConnectionState ConnectionState;

    /// <summary>Zero.</summary>
    public ushort Reserved;

    /// <summary>
    /// <c>msg_conn_id</c>: the connection to post further messages to, from protocol 5.0 on; the selected version
    /// before.
    /// </summary>
    public uint ConnectionId;
}
