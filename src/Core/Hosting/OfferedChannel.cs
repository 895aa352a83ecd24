// The handle of an offer.

using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>A channel that a <see cref="HostBus"/> offers to its guest. Thread-safe.</summary>
public sealed class OfferedChannel : IAsyncDisposable
{
    private readonly HostBus _bus;
    private readonly OfferLink _link;

    internal OfferedChannel(HostBus bus, OfferLink link)
    {
        _bus = bus;
        _link = link;
        Completion = Task.WhenAny(link.Revoked, bus.Disposed);
    }

    /// <summary>The offer.</summary>
    public HostOffer Offer => _link.Offer;

    /// <summary>The bus's number of the offer.</summary>
    internal OfferId Id => _link.Id;

    /// <summary>The channel's current relid; <see langword="null"/> while no guest knows the channel.</summary>
    public uint? Relid => _link.Relid;

    /// <summary>The channel's monitor, if it has one.</summary>
    public int? MonitorId => _link.MonitorId;

    /// <summary>
    /// The connection through which the guest signals the channel; <see langword="null"/> while no guest has it open.
    /// </summary>
    public uint? ConnectionId => _link.Opened?.Request.ConnectionId;

    /// <summary>How often a signal of the guest woke the device; <see langword="null"/> while no guest has it open.</summary>
    internal long? Wakeups => _link.Opened?.Channel.GetStatistics().Wakeups;

    /// <summary>Whether a guest has the channel open.</summary>
    public bool IsOpen => _link.IsOpen;

    /// <summary>
    /// The device's failure, if any, since a guest last opened the channel: a service that failed or ended early, did not
    /// end after a close, or an open that the device did not answer. See <see cref="IChannelDevice"/>.
    /// </summary>
    public Exception? Failure => _link.Failure;

    /// <summary>Whether the offer is revoked or being revoked, by a call or because its device has failed.</summary>
    public bool IsRevoked => _link.IsRevoked;

    /// <summary>
    /// Completes when the offer is revoked, or the bus is disposed or has failed: no guest can open the channel any more.
    /// <see cref="Failure"/> and <see cref="HostBus.Failure"/> give the reason; this task itself never fails.
    /// </summary>
    public Task Completion { get; }

    /// <summary>
    /// Revokes the offer; for a primary channel also the offers of its subchannels. A guest that has the channel open gets a
    /// rescind; the service ends.
    /// </summary>
    /// <returns>
    /// Completes when the device no longer serves the channel; the guest can still hold the relid. Called from inside the
    /// channel's own service, it completes once that service's token is cancelled.
    /// </returns>
    /// <remarks>
    /// Requests that the service has not answered stay unanswered, as on Hyper-V. Some Linux drivers wait for the answer
    /// without a limit, so let the guest stop first, as <c>NetworkAdapter.UnplugAsync</c> and <c>ScsiController.UnplugAsync</c>
    /// do.
    /// </remarks>
    /// <exception cref="BusFaultException">The bus has failed.</exception>
    public Task RevokeAsync() => _bus.RevokeAsync(_link);

    /// <summary>Revokes the offer; does nothing on a bus that has failed.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await RevokeAsync().ConfigureAwait(false);
        }
        catch (BusFaultException)
        {
            // Told by HostBus.Failure, and by every call that wants something of the bus.
        }
    }
}
