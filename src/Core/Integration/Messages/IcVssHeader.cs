// The head of a message about snapshots. Mirrors hv_vss_hdr (Linux include/uapi/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>The head of an <see cref="IcMessageType.Vss"/> message: <c>hv_vss_hdr</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = Size)]
internal struct IcVssHeader
{
    /// <summary>The size in bytes; what follows the operation is zero.</summary>
    public const int Size = 8;

    /// <summary><c>operation</c>.</summary>
    public IcVssOperation Operation;
}
