// Which addresses are meant. Mirrors ADDR_FAMILY_* (Linux include/uapi/linux/hyperv.h).

namespace VmBus.Integration;

/// <summary>The family of addresses: <c>addr_family</c> of <c>IcKvpIpInfo</c>.</summary>
[Flags]
public enum IcKvpAddressFamily : byte
{
    /// <summary><c>ADDR_FAMILY_NONE</c>.</summary>
    None = 0,

    /// <summary><c>ADDR_FAMILY_IPV4</c>.</summary>
    IPv4 = 1,

    /// <summary><c>ADDR_FAMILY_IPV6</c>.</summary>
    IPv6 = 2,
}
