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

// More page frame numbers of a GPADL. Mirrors vmbus_channel_gpadl_body (Linux include/linux/hyperv.h).
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

// The host has taken a GPADL, or not. Mirrors vmbus_channel_gpadl_created (Linux include/linux/hyperv.h).
/// <summary>
/// <c>CHANNELMSG_GPADL_CREATED</c> (10), host to guest: the answer to <see cref="GpadlHeader"/> and its bodies.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GpadlCreated
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.GpadlCreated;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 20;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;

    /// <summary><c>gpadl</c>: the handle, as in the request.</summary>
    public uint Gpadl;

    /// <summary><c>creation_status</c>: 0 when the host has it.</summary>
    public ChannelMessageStatus Status;
}

// The guest wants its memory back. Mirrors vmbus_channel_gpadl_teardown (Linux include/linux/hyperv.h).
/// <summary><c>CHANNELMSG_GPADL_TEARDOWN</c> (11), guest to host: answered with <see cref="GpadlTorndown"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GpadlTeardown
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.GpadlTeardown;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 16;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;

    /// <summary><c>gpadl</c>: the handle.</summary>
    public uint Gpadl;
}

// The host has unmapped a GPADL. Mirrors vmbus_channel_gpadl_torndown (Linux include/linux/hyperv.h).
/// <summary><c>CHANNELMSG_GPADL_TORNDOWN</c> (12), host to guest: the answer to <see cref="GpadlTeardown"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GpadlTorndown
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.GpadlTorndown;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 12;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>gpadl</c>: the handle, free again.</summary>
    public uint Gpadl;
}
