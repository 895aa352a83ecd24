// How a network adapter behaves.

namespace VmBus.Devices;

/// <summary>Options of a <see cref="NetworkAdapter"/>.</summary>
public sealed record NetworkAdapterOptions
{
    internal const int LeastMtu = 576;
    internal const int MostMtu = NvspProtocol.LongestFrame - EthernetFrame.MinLength;

    /// <summary>
    /// The largest MTU that the guest can set, in bytes: 576 to 65521. Linux begins with 1500, or with this value if it is
    /// less. A frame that is longer than the guest's own MTU is dropped on its way in.
    /// </summary>
    public int MaxMtu { get; init; } = 9000;

    /// <summary>The link speed that the guest sees, in bits per second. It does not limit the traffic.</summary>
    public long LinkSpeed { get; init; } = 10_000_000_000;

    /// <summary>Whether the link is initially up; later, use <see cref="NetworkAdapter.IsLinkUp"/>.</summary>
    public bool IsLinkUp { get; init; } = true;
}
