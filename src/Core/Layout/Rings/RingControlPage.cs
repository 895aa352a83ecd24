// The page in front of each ring's data: the two indices, the reader's mask and the writer's wish for room.
// Mirrors hv_ring_buffer (Linux include/linux/hyperv.h); every VMBus system lays it out alike.

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>
/// The control page of one ring: <c>hv_ring_buffer</c>, 4096 bytes, followed by the ring's data. All fields are
/// little-endian. Either side can write any of them at any time: read a field once, then validate it.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
public struct RingControlPage
{
    /// <summary>The size of the control page in bytes.</summary>
    public const int Size = 4096;

    /// <summary>Where the ring's data starts, in bytes from the start of the control page.</summary>
    public const int DataOffset = Size;

    /// <summary>
    /// Bit 0 of <see cref="FeatureBits"/>, <c>feat_pending_send_sz</c>: the writer sets <see cref="PendingSendSize"/> and
    /// expects a signal when that much room is free.
    /// </summary>
    public const uint FeaturePendingSendSize = 1;

    /// <summary>
    /// <c>write_index</c>: where the writer continues, in bytes from the start of the data; a multiple of 8. Written by the
    /// writer.
    /// </summary>
    [FieldOffset(0)]
    public uint WriteIndex;

    /// <summary>
    /// <c>read_index</c>: where the reader continues, in bytes from the start of the data; a multiple of 8. Written by the
    /// reader.
    /// </summary>
    [FieldOffset(4)]
    public uint ReadIndex;

    /// <summary>
    /// <c>interrupt_mask</c>: not 0 when the reader wants no signal when the ring becomes non-empty. Written by the reader.
    /// </summary>
    [FieldOffset(8)]
    public uint InterruptMask;

    /// <summary><c>pending_send_sz</c>: how many bytes of room the writer waits for; 0 when it does not wait. Written by the writer.</summary>
    [FieldOffset(12)]
    public uint PendingSendSize;

    /// <summary><c>feature_bits</c>: what the writer of this ring supports (<see cref="FeaturePendingSendSize"/>). Written by the writer.</summary>
    [FieldOffset(64)]
    public uint FeatureBits;
}
