// An adapter's addresses. Mirrors hv_kvp_ipaddr_value (Linux include/uapi/linux/hyperv.h).

namespace VmBus.Integration;

/// <summary>The addresses of one of the guest's adapters, as text. Semicolons separate several values.</summary>
public sealed record KvpAddresses
{
    /// <summary>The adapter; 127 UTF-16 units at most.</summary>
    public required string AdapterId { get; init; }

    /// <summary>The address family.</summary>
    public IcKvpAddressFamily Family { get; init; }

    /// <summary>Whether they come from DHCP.</summary>
    public bool IsDhcpEnabled { get; init; }

    /// <summary>Addresses; 1023 UTF-16 units at most.</summary>
    public string Addresses { get; init; } = "";

    /// <summary>Subnet masks or prefix lengths; 1023 UTF-16 units at most.</summary>
    public string Subnets { get; init; } = "";

    /// <summary>Gateways; 511 UTF-16 units at most.</summary>
    public string Gateways { get; init; } = "";

    /// <summary>Name servers; 1023 UTF-16 units at most.</summary>
    public string DnsServers { get; init; } = "";

    internal static KvpAddresses Read(in IcKvpIpInfo info) => new()
    {
        AdapterId = KvpText.Read(info.AdapterId),
        Family = info.AddressFamily,
        IsDhcpEnabled = info.DhcpEnabled != 0,
        Addresses = KvpText.Read(info.Addresses),
        Subnets = KvpText.Read(info.Subnets),
        Gateways = KvpText.Read(info.Gateways),
        DnsServers = KvpText.Read(info.DnsServers),
    };

    /// <exception cref="ArgumentException">A text is too long.</exception>
    internal void Write(ref IcKvpIpInfo info)
    {
        Check();
        KvpText.Write(AdapterId, info.AdapterId);
        info.AddressFamily = Family;
        info.DhcpEnabled = IsDhcpEnabled ? (byte)1 : (byte)0;
        KvpText.Write(Addresses, info.Addresses);
        KvpText.Write(Subnets, info.Subnets);
        KvpText.Write(Gateways, info.Gateways);
        KvpText.Write(DnsServers, info.DnsServers);
    }

    /// <exception cref="ArgumentException">A text is too long.</exception>
    internal void Check()
    {
        KvpText.Checked(AdapterId, IcKvpAdapterId.Length - 1);
        KvpText.Checked(Addresses, IcKvpAddresses.Length - 1);
        KvpText.Checked(Subnets, IcKvpAddresses.Length - 1);
        KvpText.Checked(Gateways, IcKvpGateways.Length - 1);
        KvpText.Checked(DnsServers, IcKvpAddresses.Length - 1);
    }
}
