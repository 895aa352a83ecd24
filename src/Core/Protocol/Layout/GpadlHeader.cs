// The guest shows the host a piece of its memory. Mirrors vmbus_channel_gpadl_header (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_GPADL_HEADER</c> (8), guest to host: the head of the message. Ranges follow, each a
/// <see cref="GpaRange"/> and its 8-byte page frame numbers; what does not fit goes on in <see cref="GpadlBody"/>
/// messages. Answered with <see cref="GpadlCreated"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GpadlHeader
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.GpadlHeader;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 20;

    /// <summary>The most page frame numbers of one range that fit after the head in a 240-byte payload.</summary>
    public const int MaxPageFrames = (SynicMessagePayload.Size - Size - GpaRange.Size) / sizeof(ulong);

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;

    /// <summary><c>gpadl</c>: the handle, chosen by the guest.</summary>
    public uint Gpadl;

    /// <summary><c>range_buflen</c>: the length of all ranges in bytes, those of the bodies included.</summary>
    public ushort RangeBufferLength;

    /// <summary><c>rangecount</c>: how many ranges there are.</summary>
    public ushort RangeCount;
}
