// A value of a key-value pair: value of hv_kvp_exchg_msg_value (Linux include/uapi/linux/hyperv.h).

using System.Runtime.CompilerServices;

namespace VmBus.Integration;

/// <summary>2048 bytes: text of up to 1023 UTF-16 units and its zero, or a number at the front. <c>HV_KVP_EXCHANGE_MAX_VALUE_SIZE</c>.</summary>
[InlineArray(Size)]
internal struct IcKvpValueBytes
{
    /// <summary>How many bytes there are.</summary>
    public const int Size = 2048;

    private byte _byte0;
}
