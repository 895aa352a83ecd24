// One channel of a host: its offer, what the guest knows of it, and its GPADLs. What Channel is to OpenVMM (vmbus_server
// channels.rs).

namespace VmBus.Protocol;

/// <summary>One channel of a host.</summary>
internal sealed class HostChannel(OfferId id, HostOffer offer)
{
    public OfferId Id { get; } = id;

    /// <summary>What its device offers; of a restored channel nothing but its name until the device offers it again.</summary>
    public HostOffer Offer { get; set; } = offer;

    public HostChannelState State { get; set; }

    /// <summary>0 while the guest does not know the channel.</summary>
    public uint Relid { get; set; }

    public int? MonitorId { get; set; }

    public uint ConnectionId { get; set; }

    /// <summary>The request it is open by, being opened by, or being closed of.</summary>
    public HostOpenRequest? Request { get; set; }

    /// <summary>The request that follows the close.</summary>
    public HostOpenRequest? Reopen { get; set; }

    /// <summary>The open whose target VP a device is changing; that device's answer may come after its end.</summary>
    public HostOpenRequest? Modifying { get; set; }

    /// <summary>The target VP to change to after that.</summary>
    public uint? NextTargetVp { get; set; }

    public SortedDictionary<uint, HostGpadl> Gpadls { get; } = [];

    public (Guid Type, Guid Instance) Device => (Offer.InterfaceType, Offer.InterfaceInstance);

    public bool IsPrimary => Offer.SubchannelIndex == 0;

    public (Guid Type, Guid Instance, ushort Subchannel) Key => (Offer.InterfaceType, Offer.InterfaceInstance, Offer.SubchannelIndex);

    /// <summary>Whether it is open, or nearly, as a reserved channel: it is kept when the connection ends.</summary>
    public bool IsReserved => Request is { IsReserved: true } && State is HostChannelState.Opening or HostChannelState.Open or HostChannelState.Closing;

    /// <summary>Whether nothing of a guest's is left.</summary>
    public bool IsReset => State == HostChannelState.Unoffered && Gpadls.Count == 0;
}
