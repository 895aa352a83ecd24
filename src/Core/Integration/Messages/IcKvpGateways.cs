// UTF-16 text of an adapter's addresses: gate_way of hv_kvp_ipaddr_value (Linux include/uapi/linux/hyperv.h).

using System.Runtime.CompilerServices;

namespace VmBus.Integration;

/// <summary>512 UTF-16 units, ended by a zero: gateways, one behind the other with semicolons between.</summary>
[InlineArray(Length)]
internal struct IcKvpGateways
{
    /// <summary>How many units there are.</summary>
    public const int Length = 512;

    private ushort _unit0;
}
