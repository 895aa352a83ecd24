// What a message about snapshots asks for. Mirrors hv_vss_op and VSS_OP_REGISTER* (Linux include/uapi/linux/hyperv.h).

namespace VmBus.Integration;

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
