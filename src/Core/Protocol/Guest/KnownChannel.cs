// A channel the host has offered. Mirrors vmbus_channel (Linux include/linux/hyperv.h), of which it is the protocol's part.

namespace VmBus.Protocol;

/// <summary>A channel the host has offered, until its relid is released.</summary>
internal sealed class KnownChannel(GuestOffer offer)
{
    public GuestOffer Offer { get; } = offer;

    public GuestChannelState State { get; set; }

    /// <summary>Opened, or being opened, beside the connection.</summary>
    public bool IsReserved { get; set; }

    /// <summary>Where the host's messages about a reserved channel go.</summary>
    public (uint Vp, uint Sint) ReservedTarget { get; set; }

    /// <summary>The GPADL of its rings, unless it is closed.</summary>
    public uint? RingGpadl { get; set; }

    public bool InterruptsDisabled { get; set; }

    /// <summary>Whether the host has not yet answered that it moved the interrupt.</summary>
    public bool OwesModify { get; set; }

    public SortedDictionary<uint, GuestGpadl> Gpadls { get; } = [];

    /// <summary>The subchannels of a primary channel, in the order of their offers.</summary>
    public List<KnownChannel> Subchannels { get; } = [];

    public uint Relid => Offer.Relid;

    public void SetClosed()
    {
        State = GuestChannelState.Offered;
        IsReserved = false;
        RingGpadl = null;
    }
}
