// What a host bus keeps of one offer. Changed by the bus's loop only.

using System.Collections.Concurrent;
using VmBus.Protocol;

namespace VmBus.Hosting;

internal sealed class OfferLink(HostOffer offer, IChannelDevice device, DeviceChannelOptions options)
{
    private readonly TaskCompletionSource _revoked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile OpenedChannel? _opened;
    private volatile bool _isRevoked;
    private volatile bool _isSaved;
    private long _relidAndMonitor;
    private volatile Exception? _failure;

    public HostOffer Offer { get; } = offer;

    public IChannelDevice Device { get; } = device;

    public DeviceChannelOptions Options { get; } = options;

    public OfferId Id { get; set; }

    /// <summary>What the host's author has of it.</summary>
    public OfferedChannel? Handle { get; set; }

    /// <summary>The open that its device has not answered.</summary>
    public PendingOpen? Opening { get; set; }

    // Looked at by the device's threads, so concurrent.
    public ConcurrentDictionary<uint, IReadOnlyList<GpadlRange>> Gpadls { get; } = new();

    public OpenedChannel? Opened
    {
        get => _opened;
        set => _opened = value;
    }

    public bool IsOpen => _opened is not null;

    public Exception? Failure
    {
        get => _failure;
        set => _failure = value;
    }

    // Relid in the low half, monitor + 1 in the high half: one word, so that other threads never see halves of two offers.
    public uint? Relid => Volatile.Read(ref _relidAndMonitor) is var both and not 0 ? (uint)both : null;

    public int? MonitorId => Volatile.Read(ref _relidAndMonitor) >> 32 is var monitor and not 0 ? (int)monitor - 1 : null;

    public bool IsRevoked
    {
        get => _isRevoked;
        set => _isRevoked = value;
    }

    /// <summary>Its service ends because the bus is saved: the guest has it open still.</summary>
    public bool IsSaved
    {
        get => _isSaved;
        set => _isSaved = value;
    }

    public Task Revoked => _revoked.Task;

    public void SetRevoked() => _revoked.TrySetResult();

    /// <summary>The bus has failed: it is neither taken back nor ever will be.</summary>
    public void SetFaulted(BusFaultException fault)
    {
        if (_revoked.TrySetException(fault))
            _ = _revoked.Task.Exception;    // Seen: a bus that failed tells it elsewhere, too.
    }

    /// <summary>Taken back as soon as its subchannels are: the guest must not see those without it.</summary>
    public bool AwaitsSubchannels { get; set; }

    /// <summary>Whether that is this channel or, of a primary, one of its subchannels: what must have ended before it is taken back.</summary>
    public bool Takes(OfferLink other) => other == this || other.IsSubchannelOf(this);

    public bool IsSubchannelOf(OfferLink primary) =>
        primary.Offer.SubchannelIndex == 0 && Offer.SubchannelIndex != 0
        && Offer.InterfaceType == primary.Offer.InterfaceType && Offer.InterfaceInstance == primary.Offer.InterfaceInstance;

    public (Guid Type, Guid Instance, ushort Subchannel) Name => (Offer.InterfaceType, Offer.InterfaceInstance, Offer.SubchannelIndex);

    public (Guid Type, Guid Instance, ushort Subchannel) PrimaryName => Name with { Subchannel = 0 };

    public void SetOffered(uint relid, int? monitorId) => Volatile.Write(ref _relidAndMonitor, relid | (long)((monitorId ?? -1) + 1) << 32);

    public void SetReleased() => Volatile.Write(ref _relidAndMonitor, 0);
}

/// <summary>An open whose device is asked whether it may be.</summary>
internal sealed record PendingOpen(OpenedChannel Channel, Question Question);
