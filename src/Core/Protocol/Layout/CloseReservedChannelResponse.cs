// The host has closed a reserved channel. Mirrors CloseReservedChannelResponse (OpenVMM vmbus_core protocol.rs).

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

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
