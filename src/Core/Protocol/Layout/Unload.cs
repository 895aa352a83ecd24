// The guest leaves the bus. Mirrors CHANNELMSG_UNLOAD (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_UNLOAD</c> (16), guest to host: closes everything; answered with <see cref="UnloadResponse"/>. No
/// body.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Unload
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.Unload;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 8;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;
}
