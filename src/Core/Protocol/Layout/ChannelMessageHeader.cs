// The head of every channel message. Mirrors vmbus_channel_message_header (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary>The header of every channel message: <c>vmbus_channel_message_header</c>, 8 bytes, little-endian.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ChannelMessageHeader
{
    /// <summary>The size of the header in bytes.</summary>
    public const int Size = 8;

    /// <summary><c>msgtype</c>: which message follows.</summary>
    public ChannelMessageType MessageType;

    /// <summary><c>padding</c>: zero.</summary>
    public uint Padding;

    /// <summary>Makes the header of a message.</summary>
    public ChannelMessageHeader(ChannelMessageType messageType) => MessageType = messageType;
}
