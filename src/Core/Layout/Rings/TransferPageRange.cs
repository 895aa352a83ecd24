// One piece of a transfer-page packet's payload. Mirrors vmtransfer_page_range (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Layout;

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
