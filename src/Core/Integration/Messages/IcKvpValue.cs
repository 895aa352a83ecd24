// A key and its value. Mirrors hv_kvp_exchg_msg_value, hv_kvp_msg_get and hv_kvp_msg_set (Linux include/uapi/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

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
