// A key-value message about addresses. Mirrors hv_kvp_ip_msg (Linux include/uapi/linux/hyperv.h).

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>
/// The whole message of <see cref="IcKvpOperation.GetIpInfo"/> and <see cref="IcKvpOperation.SetIpInfo"/>:
/// <c>hv_kvp_ip_msg</c>, 7428 bytes. Its body follows the pool at once, not behind an <see cref="IcKvpHeader"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcKvpIpMessage
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 7428;

    /// <summary><c>operation</c>.</summary>
    public IcKvpOperation Operation;

    /// <summary><c>pool</c>.</summary>
    public IcKvpPool Pool;

    /// <summary><c>kvp_ip_val</c>.</summary>
    public IcKvpIpInfo Info;
}

// An adapter's addresses as text. Mirrors hv_kvp_ipaddr_value (Linux include/uapi/linux/hyperv.h).
/// <summary>An adapter's addresses: <c>hv_kvp_ipaddr_value</c>, 7426 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IcKvpIpInfo
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 7426;

    /// <summary><c>adapter_id</c>.</summary>
    public IcKvpAdapterId AdapterId;

    /// <summary><c>addr_family</c>.</summary>
    public IcKvpAddressFamily AddressFamily;

    /// <summary><c>dhcp_enabled</c>: not 0 when the addresses come from DHCP.</summary>
    public byte DhcpEnabled;

    /// <summary><c>ip_addr</c>.</summary>
    public IcKvpAddresses Addresses;

    /// <summary><c>sub_net</c>.</summary>
    public IcKvpAddresses Subnets;

    /// <summary><c>gate_way</c>.</summary>
    public IcKvpGateways Gateways;

    /// <summary><c>dns_addr</c>.</summary>
    public IcKvpAddresses DnsServers;
}

// UTF-16 text of an adapter's addresses: adapter_id of hv_kvp_ipaddr_value (Linux include/uapi/linux/hyperv.h).
/// <summary>128 UTF-16 units, ended by a zero: the name of an adapter.</summary>
[InlineArray(Length)]
internal struct IcKvpAdapterId
{
    /// <summary>How many units there are.</summary>
    public const int Length = 128;

    private ushort _unit0;
}

// UTF-16 text of an adapter's addresses: ip_addr, sub_net and dns_addr of hv_kvp_ipaddr_value (Linux include/uapi/linux/hyperv.h).
/// <summary>1024 UTF-16 units, ended by a zero: addresses, one behind the other with semicolons between.</summary>
[InlineArray(Length)]
internal struct IcKvpAddresses
{
    /// <summary>How many units there are.</summary>
    public const int Length = 1024;

    private ushort _unit0;
}

// UTF-16 text of an adapter's addresses: gate_way of hv_kvp_ipaddr_value (Linux include/uapi/linux/hyperv.h).
/// <summary>512 UTF-16 units, ended by a zero: gateways, one behind the other with semicolons between.</summary>
[InlineArray(Length)]
internal struct IcKvpGateways
{
    /// <summary>How many units there are.</summary>
    public const int Length = 512;

    private ushort _unit0;
}
