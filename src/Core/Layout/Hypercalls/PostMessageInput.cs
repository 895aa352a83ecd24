// The input of HvCallPostMessage. Mirrors hv_input_post_message (Linux include/asm-generic/hyperv-tlfs.h).

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>The input of <see cref="HypercallCode.PostMessage"/>: <c>hv_input_post_message</c>, 256 bytes, 8-byte aligned.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PostMessageInput
{
    /// <summary>The size of the input in bytes.</summary>
    public const int Size = 256;

    /// <summary><c>connectionid</c>: the low 24 bits count.</summary>
    public uint ConnectionId;

    /// <summary>Zero.</summary>
    public uint Reserved;

    /// <summary><c>message_type</c>: bit 31 must be clear.</summary>
    public SynicMessageType MessageType;

    /// <summary><c>payload_size</c>: how many bytes of the payload count, at most 240.</summary>
    public uint PayloadSize;

    /// <summary><c>payload</c>.</summary>
    public SynicMessagePayload Payload;
}
