// UTF-16 text of an adapter's addresses: adapter_id of hv_kvp_ipaddr_value (Linux include/uapi/linux/hyperv.h).

using System.Runtime.CompilerServices;

namespace VmBus.Integration;

/// <summary>128 UTF-16 units, ended by a zero: the name of an adapter.</summary>
[InlineArray(Length)]
internal struct IcKvpAdapterId
{
    /// <summary>How many units there are.</summary>
    public const int Length = 128;

    private ushort _unit0;
}
