// What follows the descriptor of a packet whose payload is in transfer pages.
// Mirrors the tail of vmtransfer_page_packet_header (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>
/// The extended header of a <see cref="PacketType.DataUsingTransferPages"/> packet: 8 bytes after the
/// <see cref="PacketDescriptor"/> (<c>vmtransfer_page_packet_header</c> without its descriptor).
/// <see cref="RangeCount"/> times <see cref="TransferPageRange"/> follows.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct TransferPageHeader
{
    /// <summary>The size of the header in bytes, without the ranges.</summary>
    public const int Size = 8;

    /// <summary><c>xfer_pageset_id</c>: the set of pages that contains the ranges.</summary>
    public ushort SetId;

    /// <summary><c>sender_owns_set</c>: 1 when the set belongs to the sender of the packet.</summary>
    public byte SenderOwnsSet;

    /// <summary>Zero.</summary>
    public byte Reserved;

    /// <summary><c>range_cnt</c>: how many ranges follow.</summary>
    public uint RangeCount;
}

// One piece of a transfer-page packet's payload. Mirrors vmtransfer_page_range (Linux include/linux/hyperv.h).
/// <summary>One range of a set of transfer pages: <c>vmtransfer_page_range</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct TransferPageRange
{
    /// <summary>The size of a range in bytes.</summary>
    public const int Size = 8;

    /// <summary><c>byte_count</c>: the length of the range in bytes.</summary>
    public uint ByteCount;

    /// <summary><c>byte_offset</c>: where the range starts, in bytes from the start of the set.</summary>
    public uint ByteOffset;
}
