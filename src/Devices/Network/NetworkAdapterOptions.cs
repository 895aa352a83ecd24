// How a network adapter behaves.

namespace VmBus.Devices;

/// <summary>How a <see cref="NetworkAdapter"/> behaves.</summary>
public sealed record NetworkAdapterOptions
{
    internal const int LeastMtu = 576;
    internal const int MostMtu = NvspProtocol.LongestFrame - EthernetFrame.MinLength;

    /// <summary>
    /// The largest MTU that the guest may set, in bytes: 576 to 65521. Linux begins with 1500, or with this where it is less. What
    /// is longer than the guest's own MTU is dropped on its way in.
    /// </summary>
    public int MaxMtu { get; init; } = 9000;

    /// <summary>The link speed that the guest sees, in bits per second. It does not limit the traffic.</summary>
    public long LinkSpeed { get; init; } = 10_000_000_000;

    /// <summary>Whether the link is up at first; later, <see cref="NetworkAdapter.IsLinkUp"/>.</summary>
    public bool IsLinkUp { get; init; } = true;
}
