// What a key-value message asks for. Mirrors hv_kvp_exchg_op (Linux include/uapi/linux/hyperv.h).

namespace VmBus.Integration;

/// <summary>What a key-value message asks for: <c>operation</c> of <see cref="IcKvpHeader"/>.</summary>
internal enum IcKvpOperation : byte
{
    /// <summary><c>KVP_OP_GET</c>: the value of a key; <see cref="IcKvpValue"/>.</summary>
    Get = 0,

    /// <summary><c>KVP_OP_SET</c>: a key and its new value; <see cref="IcKvpValue"/>.</summary>
    Set = 1,

    /// <summary><c>KVP_OP_DELETE</c>: a key; <see cref="IcKvpDelete"/>.</summary>
    Delete = 2,

    /// <summary><c>KVP_OP_ENUMERATE</c>: the key and value at an index; <see cref="IcKvpEnumerate"/>.</summary>
    Enumerate = 3,

    /// <summary><c>KVP_OP_GET_IP_INFO</c>: an adapter's addresses; <see cref="IcKvpIpMessage"/>.</summary>
    GetIpInfo = 4,

    /// <summary><c>KVP_OP_SET_IP_INFO</c>: an adapter's new addresses; <see cref="IcKvpIpMessage"/>.</summary>
    SetIpInfo = 5,
}
