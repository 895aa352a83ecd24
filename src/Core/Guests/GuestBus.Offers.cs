// What the host offers, and who is told.

using System.Runtime.CompilerServices;
using System.Threading.Channels;
using VmBus.Protocol;

namespace VmBus.Guests;

public sealed partial class GuestBus
{
    private readonly SortedDictionary<uint, GuestOffer> _offers = [];
    private readonly List<Channel<OfferChange>> _watches = [];

    /// <summary>Asks for every channel there is. A host answers once in a connection; later offers come by themselves.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What is offered once the host has said that it is all, by relid.</returns>
    /// <exception cref="GuestBusException">The host did not answer.</exception>
    public async Task<IReadOnlyList<GuestOffer>> RequestOffersAsync(CancellationToken cancellationToken = default)
    {
        await AskAsync(Awaited.Offers, 0, _protocol.RequestOffers, "deliver its offers", cancellationToken).ConfigureAwait(false);
        return await GetOffersAsync().ConfigureAwait(false);
    }

    /// <summary>What is offered now, by relid.</summary>
    public Task<IReadOnlyList<GuestOffer>> GetOffersAsync() => _loop.RunAsync<IReadOnlyList<GuestOffer>>(() => [.. _offers.Values]);

    /// <summary>Follows the offers: those that stand now first, then each that comes or goes. Any number may follow.</summary>
    /// <param name="cancellationToken">Ends the sequence with <see cref="OperationCanceledException"/>.</param>
    /// <returns>The changes; the sequence ends with the connection.</returns>
    /// <exception cref="InvalidOperationException">
    /// The follower is so slow that more changes wait than there can be channels, twice over: it must look anew.
    /// </exception>
    public async IAsyncEnumerable<OfferChange> WatchOffersAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var watch = Channel.CreateBounded<OfferChange>(2 * _options.Protocol.MaxOffers);
        await _loop.RunAsync(() =>
        {
            foreach (GuestOffer offer in _offers.Values)
                watch.Writer.TryWrite(new OfferChange(offer, IsRescinded: false));
            _watches.Add(watch);
        }).ConfigureAwait(false);
        try
        {
            await foreach (OfferChange change in watch.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return change;
        }
        finally
        {
            _loop.Run(() => _watches.Remove(watch));
        }
    }

    /// <summary>Asks the host for a socket channel.</summary>
    /// <param name="endpoint">The guest's end.</param>
    /// <param name="service">The service wanted.</param>
    /// <param name="silo">The silo it is wanted of; from 5.2 on.</param>
    /// <param name="cancellationToken">Ends the wait; the host may still offer the channel.</param>
    /// <returns>The channel, offered for this request: its instance is the endpoint.</returns>
    /// <exception cref="GuestBusException">The host refuses, or does not answer.</exception>
    /// <exception cref="InvalidOperationException">The version has no socket channels.</exception>
    public async Task<GuestOffer> ConnectTransportAsync(Guid endpoint, Guid service, Guid silo = default, CancellationToken cancellationToken = default)
    {
        Task<RequestResult> asked = await _loop.RunAsync(() =>
        {
            RefuseWhenSaving();
            _protocol.ConnectTransport(endpoint, service, silo);
            TaskCompletionSource<RequestResult> source = NewSource<RequestResult>();
            _transports.Add((endpoint, service), source);
            return source.Task;
        }).ConfigureAwait(false);
        Check(await asked.WaitAsync(cancellationToken).ConfigureAwait(false), $"connect {endpoint} to {service}");
        return (await GetOffersAsync().ConfigureAwait(false)).FirstOrDefault(offer => offer.InterfaceType == service && offer.InterfaceInstance == endpoint)
            ?? throw new GuestBusException($"The host offered a channel for {endpoint} and took it back at once.");
    }

    // The very offer, not one that took its relid since.
    private bool IsOffered(GuestOffer offer) => _offers.TryGetValue(offer.Relid, out GuestOffer? current) && ReferenceEquals(current, offer);

    private void OnOffered(GuestOffer offer)
    {
        _offers[offer.Relid] = offer;
        Tell(new OfferChange(offer, IsRescinded: false));
    }

    // A channel that is open is released when it is closed; one that nobody opened, at once.
    private void OnRescinded(uint relid)
    {
        if (!_offers.Remove(relid, out GuestOffer? offer))
            return;
        if (_open.TryGetValue(relid, out GuestChannel? channel))
            channel.OnRescinded();
        if (channel is not null || _opening.Contains(relid))
            _unreleased.Add(relid);
        else
            _protocol.ReleaseRelid(relid);
        Tell(new OfferChange(offer, IsRescinded: true));
    }

    private void Tell(OfferChange change)
    {
        foreach (Channel<OfferChange> watch in _watches)
        {
            if (!watch.Writer.TryWrite(change))
                watch.Writer.TryComplete(new InvalidOperationException($"More than {2 * _options.Protocol.MaxOffers} changes of offers wait to be seen."));
        }
    }

    private void EndWatches()
    {
        foreach (Channel<OfferChange> watch in _watches)
            watch.Writer.TryComplete();
    }
}
