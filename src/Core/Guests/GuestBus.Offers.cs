// What the host offers, and who is told.

using System.Runtime.CompilerServices;
using System.Threading.Channels;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Guests;

partial class GuestBus
{
    private readonly SortedDictionary<uint, GuestOffer> _offers = [];
    private readonly List<Channel<OfferChange>> _watches = [];

    /// <summary>
    /// Asks for every channel there is. The host is asked once in a connection: later calls wait for the same answer, or give
    /// what is offered by then. Later offers come by themselves.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What is offered once the host has said that it is all, by relid.</returns>
    /// <exception cref="GuestBusException">The host did not answer.</exception>
    public async Task<IReadOnlyList<GuestOffer>> RequestOffersAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Task<RequestResult> asked = await _loop.RunAsync(AskForOffers).ConfigureAwait(false);
        Check(await asked.WaitAsync(cancellationToken).ConfigureAwait(false), "deliver its offers");
        return await GetOffersAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The offers that have come and were not taken back, by relid. There are none before <see cref="RequestOffersAsync"/> or
    /// <see cref="WaitForOfferAsync"/> has asked for them.
    /// </summary>
    /// <param name="cancellationToken">Looked at before.</param>
    public async Task<IReadOnlyList<GuestOffer>> GetOffersAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return await _loop.RunAsync<IReadOnlyList<GuestOffer>>(() =>
        {
            RefuseWhenEnded();
            return [.. _offers.Values];
        }).ConfigureAwait(false);
    }

    /// <summary>Asks for the offers and waits until a channel is among them.</summary>
    /// <param name="interfaceType">The class of the device.</param>
    /// <param name="interfaceInstance">Which device of the class.</param>
    /// <param name="subchannelIndex">0 for its primary channel.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The channel, on offer.</returns>
    /// <exception cref="GuestBusException">
    /// The host does not offer it within <see cref="GuestBusOptions.OfferTimeout"/> (<see cref="GuestBusError.NotOffered"/>; the
    /// message lists what the host does offer), did not deliver its offers, or the connection ended.
    /// </exception>
    public async Task<GuestOffer> WaitForOfferAsync(Guid interfaceType, Guid interfaceInstance, ushort subchannelIndex = 0, CancellationToken cancellationToken = default)
    {
        await RequestOffersAsync(cancellationToken).ConfigureAwait(false);
        using var limit = new CancellationTokenSource(_options.OfferTimeout, _options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await foreach (OfferChange change in WatchOffersAsync(either.Token).ConfigureAwait(false))
            {
                GuestOffer offer = change.Offer;
                if (!change.IsRescinded && (offer.InterfaceType, offer.InterfaceInstance, offer.SubchannelIndex) == (interfaceType, interfaceInstance, subchannelIndex))
                    return offer;
            }
        }
        catch (OperationCanceledException)
        {
            // The caller is to see its own token.
            cancellationToken.ThrowIfCancellationRequested();
            IReadOnlyList<GuestOffer> there = await GetOffersAsync(cancellationToken).ConfigureAwait(false);
            throw new GuestBusException(
                $"The host has not offered {NameOf(interfaceType, interfaceInstance, subchannelIndex)} within {_options.OfferTimeout.TotalSeconds:0.###} s ({nameof(GuestBusOptions)}.{nameof(GuestBusOptions.OfferTimeout)}). It offers {OffersText(there)}.",
                GuestBusError.NotOffered);
        }

        throw new GuestBusException($"The connection ended before the host offered {NameOf(interfaceType, interfaceInstance, subchannelIndex)}.", GuestBusError.Disconnected);
    }

    /// <summary>
    /// Follows the offers: the current ones first, then each that is added or removed. Any number of callers may follow.
    /// </summary>
    /// <param name="cancellationToken">Ends the sequence with <see cref="OperationCanceledException"/>.</param>
    /// <returns>The changes; the sequence ends with the connection, or fails with it.</returns>
    /// <exception cref="InvalidOperationException">
    /// The caller is so slow that the queue of changes is full, which holds twice as many as there can be channels. Start again.
    /// </exception>
    public async IAsyncEnumerable<OfferChange> WatchOffersAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var watch = Channel.CreateBounded<OfferChange>(2 * _options.Protocol.MaxOffers);
        await _loop.RunAsync(() =>
        {
            RefuseWhenEnded();
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

    /// <summary>
    /// Asks the host for a socket channel, which it answers with an offer. Requests the host's offers first if that was not
    /// done, because a host offers nothing before.
    /// </summary>
    /// <param name="endpoint">The guest's end.</param>
    /// <param name="service">The service wanted.</param>
    /// <param name="silo">The silo of the service; from 5.2 on.</param>
    /// <param name="cancellationToken">Ends the wait; the host may still offer the channel.</param>
    /// <returns>The channel, offered for this request: its instance is the endpoint.</returns>
    /// <exception cref="GuestBusException">The host refuses, or does not answer.</exception>
    /// <exception cref="InvalidOperationException">The version has no socket channels.</exception>
    public async Task<GuestOffer> ConnectTransportAsync(Guid endpoint, Guid service, Guid silo = default, CancellationToken cancellationToken = default)
    {
        await RequestOffersAsync(cancellationToken).ConfigureAwait(false);
        Task<RequestResult> asked = await _loop.RunAsync(() =>
        {
            RefuseWhenOver();
            _protocol.ConnectTransport(endpoint, service, silo);
            TaskCompletionSource<RequestResult> source = NewSource<RequestResult>();
            _transports.Add((endpoint, service), source);
            return source.Task;
        }).ConfigureAwait(false);
        Check(await asked.WaitAsync(cancellationToken).ConfigureAwait(false), $"connect {endpoint} to {service}");
        return (await GetOffersAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(offer => offer.InterfaceType == service && offer.InterfaceInstance == endpoint)
            ?? throw new GuestBusException($"The host offered a channel for {endpoint} and rescinded it at once.", GuestBusError.Rescinded);
    }

    private static string NameOf(Guid interfaceType, Guid interfaceInstance, ushort subchannelIndex) =>
        $"subchannel {subchannelIndex} of device {interfaceInstance} of class {interfaceType}{(DeviceClass.Find(interfaceType) is { } known ? $" ({known.Name})" : "")}";

    private static string OffersText(IReadOnlyList<GuestOffer> offers)
    {
        const int Most = 8;
        if (offers.Count == 0)
            return "nothing";
        IEnumerable<string> first = offers.Take(Most).Select(offer => NameOf(offer.InterfaceType, offer.InterfaceInstance, offer.SubchannelIndex));
        return string.Join("; ", first) + (offers.Count > Most ? $"; and {offers.Count - Most} more" : "");
    }

    // The very offer, not one that took its relid since.
    private bool IsOffered(GuestOffer offer) => _offers.TryGetValue(offer.Relid, out GuestOffer? current) && ReferenceEquals(current, offer);

    private void OnOffered(GuestOffer offer)
    {
        _offers[offer.Relid] = offer;
        Tell(new OfferChange(offer, IsRescinded: false));
    }

    // Settle releases it: at once, or when what was open or opening is closed.
    private void OnRescinded(uint relid)
    {
        if (!_offers.Remove(relid, out GuestOffer? offer))
            return;
        if (_open.TryGetValue(relid, out GuestChannel? channel))
            channel.OnRescinded();
        _unreleased.Add(relid);
        Tell(new OfferChange(offer, IsRescinded: true));
    }

    private void Tell(OfferChange change)
    {
        foreach (Channel<OfferChange> watch in _watches)
        {
            if (!watch.Writer.TryWrite(change))
                watch.Writer.TryComplete(new InvalidOperationException($"More than {2 * _options.Protocol.MaxOffers} changes of offers were not read."));
        }
    }

    private void EndWatches(Exception? failure)
    {
        foreach (Channel<OfferChange> watch in _watches)
            watch.Writer.TryComplete(failure);
    }

    private Task<RequestResult> AskForOffers()
    {
        RefuseWhenOver();
        if (_protocol.AreOffersDelivered)
            return Task.FromResult(RequestResult.Success);
        return _awaited.TryGetValue((Awaited.Offers, 0), out TaskCompletionSource<RequestResult>? asked)
            ? asked.Task
            : Ask(Awaited.Offers, 0, _protocol.RequestOffers);
    }
}
