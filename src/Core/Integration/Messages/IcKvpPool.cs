// Whose keys are meant. Mirrors hv_kvp_exchg_pool (Linux include/uapi/linux/hyperv.h).

namespace VmBus.Integration;

/// <summary>The pool of a key: <c>pool</c> of <c>IcKvpHeader</c>.</summary>
public enum IcKvpPool : byte
{
    /// <summary><c>KVP_POOL_EXTERNAL</c>: set by the host's user.</summary>
    External = 0,

    /// <summary><c>KVP_POOL_GUEST</c>: set by the guest's user.</summary>
    Guest = 1,

    /// <summary><c>KVP_POOL_AUTO</c>: data of the guest about itself.</summary>
    Auto = 2,

    /// <summary><c>KVP_POOL_AUTO_EXTERNAL</c>: data of the host about itself.</summary>
    AutoExternal = 3,

    /// <summary><c>KVP_POOL_AUTO_INTERNAL</c>: kept in the guest.</summary>
    AutoInternal = 4,
}
