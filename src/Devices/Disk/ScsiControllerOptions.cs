// How a SCSI controller behaves.

using VmBus.Hosting;

namespace VmBus.Devices;

/// <summary>Options of a <see cref="ScsiController"/>.</summary>
public sealed record ScsiControllerOptions
{
    /// <summary>The maximum number of requests in flight per channel: 1 to 1024. More wait in its ring.</summary>
    public int QueueDepth { get; init; } = 64;

    /// <summary>
    /// The maximum number of subchannels that a guest can request, if <see cref="OfferSubchannel"/> offers them: 0 to 256.
    /// </summary>
    public int MaxSubchannels { get; init; } = 8;

    /// <summary>
    /// Offers a subchannel when the guest requests it: <c>(offer, device) => bus.OfferAsync(offer, device)</c>. If it is
    /// <see langword="null"/>, or throws, the guest gets no subchannels and uses the channels it has. A guest that closes the
    /// controller does not wait for this call: a later offer is revoked.
    /// </summary>
    public Func<HostOffer, IChannelDevice, Task<OfferedChannel>>? OfferSubchannel { get; init; }
}
