// The guest opens a channel before or beside its connection. Mirrors OpenReservedChannel (OpenVMM vmbus_core
// protocol.rs).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_18</c> (18), guest to host, from protocol 4.0 on: opens a reserved channel, for crash dumps and
/// debuggers.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenReservedChannel
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.OpenReservedChannel;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 28;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary>The channel.</summary>
    public uint ChildRelid;

    /// <summary>The VP that is interrupted.</summary>
    public uint TargetVp;

    /// <summary>The SINT that is signalled.</summary>
    public uint TargetSint;

    /// <summary>The memory of both rings, outgoing first.</summary>
    public uint RingBufferGpadl;

    /// <summary>Where the host-to-guest ring starts, in 4096-byte pages.</summary>
    public uint DownstreamPageOffset;
}

// The guest closes a reserved channel. Mirrors CloseReservedChannel (OpenVMM vmbus_core protocol.rs).
/// <summary>
/// <c>CHANNELMSG_19</c> (19), guest to host, from protocol 4.0 on: answered with
/// <see cref="CloseReservedChannelResponse"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CloseReservedChannel
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.CloseReservedChannel;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 20;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary>The channel.</summary>
    public uint ChildRelid;

    /// <summary>The VP the answer goes to.</summary>
    public uint TargetVp;

    /// <summary>The SINT the answer goes to.</summary>
    public uint TargetSint;
}

// The host has closed a reserved channel. Mirrors CloseReservedChannelResponse (OpenVMM vmbus_core protocol.rs).
/// <summary>
/// <c>CHANNELMSG_20</c> (20), host to guest, from protocol 4.0 on: the answer to <see cref="CloseReservedChannel"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CloseReservedChannelResponse
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.CloseReservedChannelResponse;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 12;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary>The channel.</summary>
    public uint ChildRelid;
}
