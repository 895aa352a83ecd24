// The handle of an offer.

using VmBus.Protocol;

namespace VmBus.Hosting;

/// <summary>A channel that a <see cref="HostBus"/> offers its guest. Thread-safe.</summary>
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

    /// <summary>What is offered.</summary>
    public HostOffer Offer => _link.Offer;

    /// <summary>The bus's number of the offer.</summary>
    internal OfferId Id => _link.Id;

    /// <summary>The relid the guest knows it by now; <see langword="null"/> while no guest knows it.</summary>
    public uint? Relid => _link.Relid;

    /// <summary>Its monitor, while it has one.</summary>
    public int? MonitorId => _link.MonitorId;

    /// <summary>The connection the guest signals it by; <see langword="null"/> while no guest has it open.</summary>
    public uint? ConnectionId => _link.Opened?.Request.ConnectionId;

    /// <summary>How often a signal of the guest woke the device; <see langword="null"/> while no guest has it open.</summary>
    internal long? Wakeups => _link.Opened?.Channel.GetStatistics().Wakeups;

    /// <summary>Whether a guest has it open.</summary>
    public bool IsOpen => _link.IsOpen;

    /// <summary>
    /// What the device failed with, if it did, since a guest last opened the channel: a service that failed or ended early, did not
    /// end after a close, or an open that it did not answer. See <see cref="IChannelDevice"/>.
    /// </summary>
    public Exception? Failure => _link.Failure;

    /// <summary>Whether it is revoked, or about to be: by a call, or because its device has failed.</summary>
    public bool IsRevoked => _link.IsRevoked;

    /// <summary>
    /// Completes when the offer is taken back, or the bus is disposed or has failed: no guest can open the channel any more.
    /// <see cref="Failure"/> and <see cref="HostBus.Failure"/> say why; this task itself never fails.
    /// </summary>
    public Task Completion { get; }

    /// <summary>
    /// Takes the offer back, a primary channel's with those of its subchannels. A guest that has the channel open gets a rescind; the service
    /// ends.
    /// </summary>
    /// <returns>
    /// Completes when the device no longer serves it; the guest may still hold the relid. Called from inside the channel's own
    /// service, it completes once that service was told to end.
    /// </returns>
    /// <remarks>
    /// What the guest has sent and the service has not answered stays without an answer, as on Hyper-V. Some drivers of Linux wait for
    /// theirs without a limit: have the guest stop first, as <c>NetworkAdapter.UnplugAsync</c> and <c>ScsiController.UnplugAsync</c> do.
    /// </remarks>
    /// <exception cref="BusFaultException">The bus has failed.</exception>
    public Task RevokeAsync() => _bus.RevokeAsync(_link);

    /// <summary>Takes the offer back; on a bus that has failed it does nothing.</summary>
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
