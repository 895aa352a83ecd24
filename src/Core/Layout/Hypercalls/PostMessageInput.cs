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

// The input of HvCallPostMessageDirect. Mirrors hv_input_post_message_direct (Linux include/hyperv/hvhdk.h).
/// <summary>
/// The input of <see cref="HypercallCode.PostMessageDirect"/>: <c>hv_input_post_message_direct</c>, 280 bytes, packed:
/// the message lies at offset 20, so its words are not 8-byte aligned.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Size, Pack = 1)]
internal struct PostMessageDirectInput
{
    /// <summary>The size of the input in bytes.</summary>
    public const int Size = 280;

    /// <summary><c>partition_id</c>.</summary>
    [FieldOffset(0)]
    public ulong TargetPartition;

    /// <summary><c>vp_index</c>.</summary>
    [FieldOffset(8)]
    public uint TargetVp;

    /// <summary><c>vtl</c>.</summary>
    [FieldOffset(12)]
    public byte TargetVtl;

    /// <summary><c>sint_index</c>: 0 to 15.</summary>
    [FieldOffset(16)]
    public uint TargetSint;

    /// <summary><c>message</c>.</summary>
    [FieldOffset(20)]
    public SynicMessage Message;
}
