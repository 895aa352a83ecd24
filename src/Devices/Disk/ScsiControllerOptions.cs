// How a SCSI controller behaves.

using VmBus.Hosting;

namespace VmBus.Devices;

/// <summary>How a <see cref="ScsiController"/> behaves.</summary>
public sealed record ScsiControllerOptions
{
    /// <summary>How many requests of one channel are dealt with at once: 1 to 1024. More wait in its ring.</summary>
    public int QueueDepth { get; init; } = 64;

    /// <summary>The most subchannels a guest may ask for, where <see cref="OfferSubchannel"/> offers them: 0 to 256.</summary>
    public int MaxSubchannels { get; init; } = 8;

    /// <summary>
    /// Offers a subchannel when the guest asks: <c>(offer, device) => bus.OfferAsync(offer, device)</c>. <see langword="null"/>:
    /// the guest learns that there are none. The same if it throws: the guest goes on with the channels it has. A guest
    /// that closes the controller does not wait for it: what is offered after that is taken back.
    /// </summary>
    public Func<HostOffer, IChannelDevice, Task<OfferedChannel>>? OfferSubchannel { get; init; }
}
