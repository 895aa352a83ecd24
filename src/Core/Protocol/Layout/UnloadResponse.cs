// The host has let go of everything. Mirrors CHANNELMSG_UNLOAD_RESPONSE (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_UNLOAD_RESPONSE</c> (17), host to guest, from protocol 1.1 on: the answer to <see cref="Unload"/>. No
/// body.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UnloadResponse
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.UnloadResponse;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 8;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;
}
