// The head of a SynIC message. Mirrors hv_message_header (Linux include/asm-generic/hyperv-tlfs.h).

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>The header of a SynIC message: <c>hv_message_header</c>, 16 bytes, little-endian.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SynicMessageHeader
{
    /// <summary>The size of the header in bytes.</summary>
    public const int Size = 16;

    /// <summary><c>message_type</c>: written last by the sender, set to <see cref="SynicMessageType.None"/> by the receiver to free the slot.</summary>
    public SynicMessageType MessageType;

    /// <summary><c>payload_size</c>: how many bytes of the payload count, at most 240.</summary>
    public byte PayloadSize;

    /// <summary><c>message_flags</c>.</summary>
    public SynicMessageFlags MessageFlags;

    /// <summary>Zero.</summary>
    public ushort Reserved;

    /// <summary><c>sender</c>: the partition the message came from, or the port it came through (<see cref="Port"/>).</summary>
    public ulong Sender;

    /// <summary><c>port</c>: the low half of <see cref="Sender"/>, the port the message came through.</summary>
    public uint Port
    {
        readonly get => (uint)Sender;
        set => Sender = Sender & 0xFFFF_FFFF_0000_0000 | value;
    }
}
