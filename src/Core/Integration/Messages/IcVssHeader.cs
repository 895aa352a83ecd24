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

// What a message about snapshots asks for. Mirrors hv_vss_op and VSS_OP_REGISTER* (Linux include/uapi/linux/hyperv.h).
/// <summary>What a message about snapshots of volumes asks for: <c>operation</c> of <see cref="IcVssHeader"/>.</summary>
internal enum IcVssOperation : byte
{
    /// <summary><c>VSS_OP_CREATE</c>.</summary>
    Create = 0,

    /// <summary><c>VSS_OP_DELETE</c>.</summary>
    Delete = 1,

    /// <summary><c>VSS_OP_HOT_BACKUP</c>: whether a backup can be made while the guest runs.</summary>
    HotBackup = 2,

    /// <summary><c>VSS_OP_GET_DM_INFO</c>: the kernel answers it.</summary>
    GetDmInfo = 3,

    /// <summary><c>VSS_OP_BU_COMPLETE</c>.</summary>
    BackupComplete = 4,

    /// <summary><c>VSS_OP_FREEZE</c>: hold back all writes to the volumes.</summary>
    Freeze = 5,

    /// <summary><c>VSS_OP_THAW</c>: let them through again.</summary>
    Thaw = 6,

    /// <summary><c>VSS_OP_AUTO_RECOVER</c>.</summary>
    AutoRecover = 7,

    /// <summary><c>VSS_OP_REGISTER</c>: the greeting of daemons that expect no answer.</summary>
    LegacyRegister = 128,

    /// <summary><c>VSS_OP_REGISTER1</c>: the greeting of the others, and the 32-bit word that the kernel answers.</summary>
    Register = 129,
}

// A message over /dev/vmbus/hv_vss, and the body of one between host and guest. Mirrors hv_vss_msg (Linux
// include/uapi/linux/hyperv.h, drivers/hv/hv_snapshot.c).
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
