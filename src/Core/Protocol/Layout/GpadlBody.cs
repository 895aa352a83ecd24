// More page frame numbers of a GPADL. Mirrors vmbus_channel_gpadl_body (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_GPADL_BODY</c> (9), guest to host: the head of the message. More of the ranges' bytes follow, 8-byte
/// page frame numbers as a rule.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GpadlBody
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.GpadlBody;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 16;

    /// <summary>The most page frame numbers that fit after the head in a 240-byte payload.</summary>
    public const int MaxPageFrames = (SynicMessagePayload.Size - Size) / sizeof(ulong);

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>msgnumber</c>: counts the bodies of one GPADL; hosts ignore it.</summary>
    public uint MessageNumber;

    /// <summary><c>gpadl</c>: the handle, as in <see cref="GpadlHeader"/>.</summary>
    public uint Gpadl;
}
