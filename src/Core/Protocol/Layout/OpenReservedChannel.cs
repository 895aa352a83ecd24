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
