// Of what type a value is. Mirrors REG_* (Linux include/uapi/linux/hyperv.h); the last two from OpenVMM hyperv_ic_protocol.

namespace VmBus.Integration;

/// <summary>Of what type a value is: <c>value_type</c> of <see cref="IcKvpValue"/>.</summary>
internal enum IcKvpValueType : uint
{
    /// <summary><c>REG_SZ</c>: UTF-16 text, ended by a zero.</summary>
    Text = 1,

    /// <summary><c>REG_EXPAND_SZ</c>: the same, with variables to expand. Linux does not know it.</summary>
    ExpandText = 2,

    /// <summary><c>REG_U32</c>: 4 bytes.</summary>
    Number32 = 4,

    /// <summary><c>REG_U64</c> of Linux: 8 bytes.</summary>
    Number64 = 8,

    /// <summary><c>REG_QWORD</c> of Windows: 8 bytes. Linux does not know it.</summary>
    QuadWord = 11,
}
