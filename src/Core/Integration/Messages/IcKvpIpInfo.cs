// An adapter's addresses as text. Mirrors hv_kvp_ipaddr_value (Linux include/uapi/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

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
