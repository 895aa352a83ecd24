// A message over /dev/vmbus/hv_vss, and the body of one between host and guest. Mirrors hv_vss_msg (Linux
// include/uapi/linux/hyperv.h, drivers/hv/hv_snapshot.c).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>What a guest's kernel and its daemon say to each other about snapshots: <c>hv_vss_msg</c>, 12 bytes, always whole.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal struct IcVssDaemonMessage
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 12;

    /// <summary><c>vss_hdr</c>: of what the kernel says, and of the greeting.</summary>
    [FieldOffset(0)]
    public IcVssHeader Header;

    /// <summary>
    /// <c>error</c>: of an answer, in the header's place. The kernel takes one whose lowest byte is 0x80 or 0x81 for a
    /// greeting.
    /// </summary>
    [FieldOffset(0)]
    public IcStatus Status;

    /// <summary><c>vss_cf.flags</c> and <c>dm_info.flags</c>: the kernel sets them itself.</summary>
    [FieldOffset(8)]
    public uint Flags;
}
