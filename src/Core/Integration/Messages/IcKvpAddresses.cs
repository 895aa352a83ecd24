// UTF-16 text of an adapter's addresses: ip_addr, sub_net and dns_addr of hv_kvp_ipaddr_value (Linux include/uapi/linux/hyperv.h).

using System.Runtime.CompilerServices;

namespace VmBus.Integration;

/// <summary>1024 UTF-16 units, ended by a zero: addresses, one behind the other with semicolons between.</summary>
[InlineArray(Length)]
internal struct IcKvpAddresses
{
    /// <summary>How many units there are.</summary>
    public const int Length = 1024;

    private ushort _unit0;
}
