// The guest closes a reserved channel. Mirrors CloseReservedChannel (OpenVMM vmbus_core protocol.rs).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

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
