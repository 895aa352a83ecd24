// The head of a key-value message. Mirrors hv_kvp_hdr (Linux include/uapi/linux/hyperv.h).

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>
/// The head of an <see cref="IcMessageType.KvpExchange"/> message: <c>hv_kvp_hdr</c>, 4 bytes. The operation's own body
/// follows; see <see cref="IcKvpIpMessage"/> for the two whose body follows the pool at once.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcKvpHeader
{
    /// <summary>The size of the head in bytes.</summary>
    public const int Size = 4;

    /// <summary>What every message about values takes, whatever its operation: the head and the longest body.</summary>
    public const int MessageLength = Size + IcKvpEnumerate.Size;

    /// <summary><c>operation</c>.</summary>
    public IcKvpOperation Operation;

    /// <summary><c>pool</c>.</summary>
    public IcKvpPool Pool;

    /// <summary><c>pad</c>: zero.</summary>
    public ushort Padding;
}

// What a key-value message asks for. Mirrors hv_kvp_exchg_op (Linux include/uapi/linux/hyperv.h).
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

// A key and its value. Mirrors hv_kvp_exchg_msg_value, hv_kvp_msg_get and hv_kvp_msg_set (Linux include/uapi/linux/hyperv.h).
/// <summary>A key and its value: <c>hv_kvp_exchg_msg_value</c>, 2572 bytes. The whole body of getting and setting.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcKvpValue
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 2572;

    /// <summary><c>value_type</c>.</summary>
    public IcKvpValueType ValueType;

    /// <summary><c>key_size</c>: bytes of the key, its zero included.</summary>
    public uint KeyLength;

    /// <summary><c>value_size</c>: bytes of the value, of text its zero included.</summary>
    public uint ValueLength;

    /// <summary><c>key</c>: UTF-16, little-endian.</summary>
    public IcKvpKeyBytes Key;

    /// <summary><c>value</c>, <c>value_u32</c> and <c>value_u64</c>, little-endian.</summary>
    public IcKvpValueBytes Value;
}

// A key of a key-value pair: key of hv_kvp_exchg_msg_value (Linux include/uapi/linux/hyperv.h).
/// <summary>512 bytes: a key of up to 255 UTF-16 units and its zero. <c>HV_KVP_EXCHANGE_MAX_KEY_SIZE</c>.</summary>
[InlineArray(Size)]
internal struct IcKvpKeyBytes
{
    /// <summary>How many bytes there are.</summary>
    public const int Size = 512;

    private byte _byte0;
}

// A value of a key-value pair: value of hv_kvp_exchg_msg_value (Linux include/uapi/linux/hyperv.h).
/// <summary>2048 bytes: text of up to 1023 UTF-16 units and its zero, or a number at the front. <c>HV_KVP_EXCHANGE_MAX_VALUE_SIZE</c>.</summary>
[InlineArray(Size)]
internal struct IcKvpValueBytes
{
    /// <summary>How many bytes there are.</summary>
    public const int Size = 2048;

    private byte _byte0;
}

// Which key to delete. Mirrors hv_kvp_msg_delete (Linux include/uapi/linux/hyperv.h).
/// <summary>The body of <see cref="IcKvpOperation.Delete"/>: <c>hv_kvp_msg_delete</c>, 516 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcKvpDelete
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 516;

    /// <summary><c>key_size</c>: bytes of the key, its zero included.</summary>
    public uint KeyLength;

    /// <summary><c>key</c>: UTF-16, little-endian.</summary>
    public IcKvpKeyBytes Key;
}

// The pair at an index. Mirrors hv_kvp_msg_enumerate (Linux include/uapi/linux/hyperv.h).
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

// How the guest's daemon and its kernel greet each other over /dev/vmbus/hv_kvp. Mirrors hv_kvp_register and KVP_OP_REGISTER*
// (Linux include/uapi/linux/hyperv.h).
/// <summary>The driver's version as text: <c>hv_kvp_register</c>, 512 bytes. Never between host and guest.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcKvpRegister
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 512;

    /// <summary><c>KVP_OP_REGISTER</c>: the operation of daemons that know nothing of addresses.</summary>
    public const byte LegacyOperation = 4;

    /// <summary><c>KVP_OP_REGISTER1</c>: the operation of the others.</summary>
    public const byte Operation = 100;

    /// <summary><c>version</c>: text, ended by a zero byte.</summary>
    public IcKvpKeyBytes Version;
}
