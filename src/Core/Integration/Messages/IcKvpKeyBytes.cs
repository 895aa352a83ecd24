// A key of a key-value pair: key of hv_kvp_exchg_msg_value (Linux include/uapi/linux/hyperv.h).

using System.Runtime.CompilerServices;

namespace VmBus.Integration;

/// <summary>512 bytes: a key of up to 255 UTF-16 units and its zero. <c>HV_KVP_EXCHANGE_MAX_KEY_SIZE</c>.</summary>
[InlineArray(Size)]
internal struct IcKvpKeyBytes
{
    /// <summary>How many bytes there are.</summary>
    public const int Size = 512;

    private byte _byte0;
}
