// Channels come and go. Mirrors vmbus_onoffer, vmbus_onoffer_rescind and vmbus_release_relid (Linux
// drivers/hv/channel_mgmt.c).

namespace VmBus.Protocol;

internal sealed partial class GuestProtocol
{
    // By relid, so that what is said and saved has one order, whichever channels came and went.
    private readonly SortedDictionary<uint, KnownChannel> _channels = [];

    // Those that are not rescinded.
    private readonly Dictionary<(Guid Type, Guid Instance, ushort Index), KnownChannel> _byDevice = [];
    private bool _areOffersRequested;
    private bool _areOffersDelivered;

    /// <summary>The channels the host has offered and the guest has not released, rescinded ones included, by relid.</summary>
    public IEnumerable<GuestOffer> Offers => _channels.Values.Select(channel => channel.Offer);

    /// <summary>How many they are.</summary>
    public int OfferCount => _channels.Count;

    /// <summary>The condition of a channel.</summary>
    /// <returns>The condition; <see langword="null"/> when no channel has the relid.</returns>
    public GuestChannelState? StateOf(uint relid) => _channels.TryGetValue(relid, out KnownChannel? channel) ? channel.State : null;

    /// <summary>The offer of a channel.</summary>
    /// <returns>The offer; <see langword="null"/> when no channel has the relid.</returns>
    public GuestOffer? OfferOf(uint relid) => _channels.TryGetValue(relid, out KnownChannel? channel) ? channel.Offer : null;

    /// <summary>The subchannels of a device that were offered and not released, in the order of their offers.</summary>
    /// <exception cref="ArgumentException">No channel has the relid.</exception>
    public IReadOnlyList<GuestOffer> SubchannelsOf(uint primaryRelid) =>
        [.. ChannelOf(primaryRelid).Subchannels.Select(channel => channel.Offer)];

    /// <summary>Whether the host has said that it has offered every channel it had.</summary>
    internal bool AreOffersDelivered => _areOffersDelivered;

    /// <summary>
    /// Asks for every channel the host has. Ends in <see cref="GuestEvent.AllOffersDelivered"/>, behind the offers. A request
    /// that timed out is waited for once more: the host is not asked twice.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no connection, or they were asked for already.</exception>
    public void RequestOffers()
    {
        RequireConnection();
        if (_areOffersRequested && (_areOffersDelivered || IsPending(RequestKind.Offers)))
            throw new InvalidOperationException("The offers were already requested; a host sends them once per connection.");
        if (_areOffersRequested)
        {
            Start(RequestKind.Offers);
            return;
        }

        _areOffersRequested = true;
        Post(ChannelMessages.ToBytes(ChannelMessageType.RequestOffers));
        Start(RequestKind.Offers);
    }

    /// <summary>
    /// Gives a relid back: the host may offer another channel with it. The channel's GPADLs are gone with it, and what was
    /// asked about them ends as <see cref="RequestOutcome.Rescinded"/>. A host can have no more than
    /// <see cref="GuestProtocolOptions.MaxRelid"/> relids under way: when as many releases wait to be posted already, it reuses
    /// relids that it was not given back, and the connection ends in <see cref="GuestEvent.BrokenOff"/>.
    /// </summary>
    /// <param name="relid">The channel: rescinded, or not open and without GPADLs.</param>
    /// <exception cref="ArgumentException">No channel has the relid.</exception>
    /// <exception cref="InvalidOperationException">There is no connection, or the channel is in use.</exception>
    public void ReleaseRelid(uint relid)
    {
        RequireConnection();
        KnownChannel channel = ChannelOf(relid);
        bool isIdle = channel.State == GuestChannelState.Offered && channel.Gpadls.Count == 0;
        if (channel.State != GuestChannelState.Rescinded && !isIdle)
            throw new InvalidOperationException($"Channel {relid} is {channel.State} and has {channel.Gpadls.Count} GPADLs, so its relid cannot be released.");
        ForgetChannel(channel, RequestOutcome.Rescinded);
        if (WaitingReleases() is var waiting and >= (int)GuestProtocolOptions.MaxRelid)
        {
            BreakOff();
            Emit(new GuestEvent.BrokenOff($"{waiting} releases of relids wait to be posted, of {GuestProtocolOptions.MaxRelid} relids in total: the host offers relids that were not released."));
            return;
        }

        Post(ChannelMessageType.RelidReleased, new RelidReleased { ChildRelid = relid });
    }

    private KnownChannel ChannelOf(uint relid) =>
        _channels.TryGetValue(relid, out KnownChannel? channel) ? channel : throw new ArgumentException($"No channel has relid {relid}.", nameof(relid));

    private MessageFault TakeOffer(ReadOnlySpan<byte> message)
    {
        OfferChannel offer = ChannelMessages.Read<OfferChannel>(message);
        uint relid = offer.ChildRelid;
        if (relid is 0 or > GuestProtocolOptions.MaxRelid || offer is { IsMonitorAllocated: true, MonitorId: >= 128 })
            return MessageFault.InvalidField;
        if (_channels.ContainsKey(relid) || _byDevice.ContainsKey(DeviceOf(offer)))
            return MessageFault.WrongState;
        if (_channels.Count >= _options.MaxOffers)
            return MessageFault.LimitExceeded;

        KnownChannel? primary = null;
        if (offer.Offer.SubchannelIndex != 0 && !_byDevice.TryGetValue(DeviceOf(offer) with { Index = 0 }, out primary))
            return MessageFault.UnknownTarget;

        var channel = new KnownChannel(GuestOffer.Read(message, Negotiated, primary?.Relid ?? relid));
        _channels.Add(relid, channel);
        _byDevice.Add(DeviceOf(offer), channel);
        primary?.Subchannels.Add(channel);
        Emit(new GuestEvent.Offered(channel.Offer));
        AnswerTransportConnect(channel.Offer);
        return MessageFault.None;
    }

    private static (Guid Type, Guid Instance, ushort Index) DeviceOf(in OfferChannel offer) =>
        (offer.Offer.InterfaceType, offer.Offer.InterfaceInstance, offer.Offer.SubchannelIndex);

    private static (Guid Type, Guid Instance, ushort Index) DeviceOf(GuestOffer offer) => (offer.InterfaceType, offer.InterfaceInstance, offer.SubchannelIndex);

    private MessageFault TakeAllOffersDelivered()
    {
        if (!_areOffersRequested || _areOffersDelivered)
            return MessageFault.WrongState;
        _areOffersDelivered = true;
        return Finish(RequestKind.Offers, 0, RequestResult.Success) ? MessageFault.None : TakeLate();
    }

    private MessageFault TakeRescind(RescindOffer rescind)
    {
        if (!_channels.TryGetValue(rescind.ChildRelid, out KnownChannel? channel))
            return MessageFault.UnknownTarget;
        if (channel.State == GuestChannelState.Rescinded)
            return MessageFault.WrongState;
        EndRequests(channel, RequestOutcome.Rescinded);
        channel.State = GuestChannelState.Rescinded;
        channel.RingGpadl = null;
        _byDevice.Remove(DeviceOf(channel.Offer));
        Emit(new GuestEvent.Rescinded(channel.Relid));
        return MessageFault.None;
    }

    private void EndRequests(KnownChannel channel, RequestOutcome outcome)
    {
        Finish(RequestKind.Open, channel.Relid, outcome);
        Finish(RequestKind.ModifyChannel, channel.Relid, outcome);
        Finish(RequestKind.CloseReserved, channel.Relid, outcome);
        foreach (GuestGpadl gpadl in channel.Gpadls.Values)
        {
            if (Finish(RequestKind.CreateGpadl, gpadl.Handle, outcome))
                gpadl.State = GuestGpadl.Phase.Abandoned;
            Finish(RequestKind.TeardownGpadl, gpadl.Handle, outcome);
        }
    }

    private void ForgetChannel(KnownChannel channel, RequestOutcome outcome)
    {
        EndRequests(channel, outcome);
        foreach (uint gpadl in channel.Gpadls.Keys)
            _gpadls.Remove(gpadl);
        _channels.Remove(channel.Relid);
        if (channel.State != GuestChannelState.Rescinded)
            _byDevice.Remove(DeviceOf(channel.Offer));
        if (!channel.Offer.IsPrimary && _channels.TryGetValue(channel.Offer.PrimaryRelid, out KnownChannel? primary))
            primary.Subchannels.Remove(channel);
    }

    // An open reserved channel outlives the connection.
    private void ForgetChannels()
    {
        foreach (KnownChannel channel in _channels.Values.ToArray())
        {
            if (channel is not { IsReserved: true, State: GuestChannelState.Open })
                ForgetChannel(channel, RequestOutcome.Disconnected);
        }
    }
}
