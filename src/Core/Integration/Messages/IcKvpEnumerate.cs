// The pair at an index. Mirrors hv_kvp_msg_enumerate (Linux include/uapi/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>The body of <see cref="IcKvpOperation.Enumerate"/>: <c>hv_kvp_msg_enumerate</c>, 2576 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcKvpEnumerate
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 2576;

    /// <summary><c>index</c>: from 0 on, until the answer is <see cref="IcStatus.NoMoreItems"/>.</summary>
    public uint Index;

    /// <summary><c>data</c>: set in the answer.</summary>
    public IcKvpValue Data;
}
