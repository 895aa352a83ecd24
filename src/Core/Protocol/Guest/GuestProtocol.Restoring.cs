// A guest that goes on from saved bytes. Everything the rest of the machine takes for granted is checked here, for the
// bytes may come from anywhere.

using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class GuestProtocol
{
    /// <summary>
    /// Makes a guest out of a saved state. It goes on at once, as if it had never stopped: requests have waited no longer
    /// than they had when they were saved.
    /// </summary>
    /// <param name="options">How it connects, and what it bears: the state must keep to it.</param>
    /// <param name="clock">The clock of its deadlines and of repeated posts.</param>
    /// <param name="state">What <see cref="Save"/> gave.</param>
    /// <exception cref="SavedStateException">The state is no such state, is damaged, or does not fit the options.</exception>
    /// <exception cref="ArgumentException">An option has an impossible value.</exception>
    public static GuestProtocol Restore(GuestProtocolOptions options, TimeProvider clock, ReadOnlySpan<byte> state)
    {
        var guest = new GuestProtocol(options, clock);
        var reader = new SavedStateReader(state, SavedStateKind.GuestProtocol);
        guest.RestoreAll(ref reader);
        reader.End();
        return guest;
    }

    private void RestoreAll(ref SavedStateReader reader)
    {
        reader.Enter(SavedStateRecord.GuestConnection);
        RestoreConnection(ref reader);
        reader.Enter(SavedStateRecord.GuestChannels);
        var channels = new KnownChannel[reader.Count(44)];
        reader.CheckFit(channels.Length <= _options.MaxOffers, $"{channels.Length} channels are more than {_options.MaxOffers}");
        for (int index = 0; index < channels.Length; index++)
            channels[index] = RestoreChannel(ref reader);
        foreach (KnownChannel channel in channels)
            RestoreSubchannels(ref reader, channel);
        reader.Enter(SavedStateRecord.GuestRequests);
        for (int left = reader.Count(13); left > 0; left--)
            RestoreRequest(ref reader);
        CheckRequests(ref reader);
        _outbox.Restore(ref reader, SavedStateRecord.Outbox, MessageDirection.GuestToHost, Negotiated);
        reader.Enter(SavedStateRecord.Held);
        int held = reader.Count(sizeof(uint));
        reader.Check(held == 0 || State is GuestConnectionState.Pausing or GuestConnectionState.Paused, $"{held} messages wait for the end of a pause while {State}");
        for (; held > 0; held--)
            _held.Enqueue(MessageOutbox.RestoreMessage(ref reader, MessageDirection.GuestToHost, Negotiated));
    }

    private void RestoreConnection(ref SavedStateReader reader)
    {
        State = reader.Enum(GuestConnectionState.Unloading);
        Negotiated = reader.Version();
        bool mayBeNegotiated = IsConnected || State == GuestConnectionState.Unloading;
        reader.Check(Negotiated.IsNegotiated ? mayBeNegotiated : !IsConnected, $"a guest that is {State} has negotiated {Negotiated}");
        uint proposed = reader.UInt32();
        _proposed = Array.FindIndex(_versions, version => version.Value == proposed);
        if (_proposed < 0)
        {
            reader.CheckFit(proposed == 0 && State == GuestConnectionState.Disconnected, $"0x{proposed:x} was proposed, and would not be now");
            _proposed = _versions.Length;
        }

        reader.Check(!Negotiated.IsNegotiated || Negotiated.Version == _versions[_proposed], $"{Negotiated} was negotiated and 0x{proposed:x} proposed");
        reader.CheckFit((Negotiated.Features & ~_options.Features) == 0, $"{Negotiated} was negotiated, and would not be now");
        ulong interruptPage = reader.UInt64();
        MonitorPageAddresses pages = RestorePages(ref reader);
        _pages = new GuestPages(interruptPage, pages.ParentToChild, pages.ChildToParent);
        reader.Check((interruptPage & 0xFFF) == 0, $"0x{interruptPage:x} is no page");
        MonitorPages = reader.Pages();
        AreServerMonitorPages = reader.Bool();
        reader.Check(AreServerMonitorPages ? IsServerPagesValid(MonitorPages) : MonitorPages.AreValid, $"{MonitorPages} are not pages, or one without the other");
        _isModifyConnectionOwed = reader.Bool();
        _wantedMonitorPages = RestorePages(ref reader);
        _connectionState = (ConnectionState)reader.Byte();
        _isRedirected = reader.Bool();
        _isContactOwed = reader.Bool();
        _isUnloadOwed = reader.Bool();
        _isUnloadAnswered = reader.Bool();
        _isPauseOwed = reader.Bool();
        _areOffersRequested = reader.Bool();
        _areOffersDelivered = reader.Bool();
        reader.Check(!_isContactOwed || _proposed < _versions.Length, "an answer is pending, but no version was proposed");
        _messageConnection = reader.UInt32();
        _nextGpadl = reader.UInt32();
        _lastTransport = reader.UInt32();
        _pausedAt = Ago(reader.Time());
        CheckVersion(ref reader);
    }

    private void CheckVersion(ref SavedStateReader reader)
    {
        reader.Allow(SavedStateRule.Pause, State is GuestConnectionState.Pausing or GuestConnectionState.Paused || _isPauseOwed, Negotiated);
        reader.Allow(SavedStateRule.ModifyConnection, _isModifyConnectionOwed, Negotiated);
        reader.Check(AreServerMonitorPages == Negotiated.Has(FeatureFlags.ServerSpecifiedMonitorPages), $"the monitor pages are the host's, or not, in a connection of {Negotiated}");
        reader.Allow(SavedStateRule.MessageConnection, Negotiated.IsNegotiated && _messageConnection != MessageConnection.Legacy, Negotiated);
        reader.Check(Negotiated.IsNegotiated || (!_areOffersRequested && !_areOffersDelivered), "offers were requested before a version was negotiated");
    }

    private static MonitorPageAddresses RestorePages(ref SavedStateReader reader)
    {
        MonitorPageAddresses pages = reader.Pages();
        reader.Check(pages.AreValid, $"{pages} are not pages, or one without the other");
        return pages;
    }

    private KnownChannel RestoreChannel(ref SavedStateReader reader)
    {
        ReadOnlySpan<byte> message = reader.Bytes();
        bool isOffer = message.Length is >= ChannelMessages.FirstOfferSize and <= ChannelMessages.MaxLength
            && ChannelMessages.Read<ChannelMessageHeader>(message).MessageType == ChannelMessageType.OfferChannel;
        reader.Check(isOffer, $"{message.Length} bytes are no offer");

        // Of an offer, only where it says how to signal depends on the version, and what that was is saved.
        var offer = GuestOffer.Read(message, new NegotiatedVersion(ProtocolVersion.Copper), reader.UInt32()) with
        {
            ConnectionId = reader.UInt32(),
            HasDedicatedInterrupt = reader.Bool(),
        };
        uint relid = offer.Relid;
        reader.Check(relid is not 0 and <= GuestProtocolOptions.MaxRelid && offer.MonitorId is null or < 128, $"relid {relid} with monitor {offer.MonitorId} cannot be");
        var channel = new KnownChannel(offer)
        {
            State = reader.Enum(GuestChannelState.Rescinded),
            IsReserved = reader.Bool(),
            ReservedTarget = (reader.UInt32(), reader.UInt32()),
            InterruptsDisabled = reader.Bool(),
            OwesModify = reader.Bool(),
            RingGpadl = reader.Optional(),
        };
        bool isRescinded = channel.State == GuestChannelState.Rescinded;
        reader.Check(_channels.TryAdd(relid, channel), $"relid {relid} occurs twice");
        reader.Check(isRescinded || _byDevice.TryAdd(DeviceOf(offer), channel), $"channel {relid} has the same name as another");
        reader.Check(IsConnected || channel is { IsReserved: true, State: GuestChannelState.Open or GuestChannelState.Closing }, $"channel {relid} is {channel.State} in a connection that is {State}");
        reader.Check(channel.State != GuestChannelState.Closing || channel.IsReserved, $"channel {relid} is closing and not reserved");
        // One that is open may be of an earlier connection, and be closed without one or in a later one.
        bool isBeingReserved = channel is { IsReserved: true, State: not (GuestChannelState.Open or GuestChannelState.Closing or GuestChannelState.Rescinded) };
        reader.Allow(SavedStateRule.ReservedChannel, isBeingReserved, Negotiated);
        reader.Allow(SavedStateRule.ModifyChannelResponse, channel.OwesModify, Negotiated);
        for (int left = reader.Count(5); left > 0; left--)
        {
            var gpadl = new GuestGpadl(reader.UInt32(), channel) { State = reader.Enum(GuestGpadl.Phase.TearingDown) };
            reader.Check(gpadl.Handle != 0 && _gpadls.TryAdd(gpadl.Handle, gpadl), $"GPADL 0x{gpadl.Handle:x} occurs twice");
            channel.Gpadls.Add(gpadl.Handle, gpadl);
        }

        bool hasRings = channel.State is not (GuestChannelState.Offered or GuestChannelState.Rescinded);
        reader.Check(hasRings == channel.RingGpadl is not null, $"channel {relid} is {channel.State} which contradicts its rings");
        reader.Check(!hasRings || (channel.Gpadls.TryGetValue(channel.RingGpadl!.Value, out GuestGpadl? rings) && rings.State == GuestGpadl.Phase.Created), $"the rings of channel {relid} are not the host's");
        return channel;
    }

    private void RestoreSubchannels(ref SavedStateReader reader, KnownChannel primary)
    {
        for (int left = reader.Count(sizeof(uint)); left > 0; left--)
        {
            uint relid = reader.UInt32();
            bool isThere = _channels.TryGetValue(relid, out KnownChannel? subchannel) && !subchannel.Offer.IsPrimary
                && subchannel.Offer.PrimaryRelid == primary.Relid && !primary.Subchannels.Contains(subchannel);
            reader.Check(isThere, $"channel {relid} is no subchannel of {primary.Relid}, or occurs twice");
            primary.Subchannels.Add(subchannel!);
        }
    }

    private void RestoreRequest(ref SavedStateReader reader)
    {
        RequestKind kind = reader.Enum(RequestKind.Unload);
        uint id = reader.UInt32();
        TimeSpan waited = reader.Time();
        (Guid, Guid) transport = kind == RequestKind.ConnectTransport ? (reader.Guid(), reader.Guid()) : default;
        GuestChannelState? channel = StateOf(id);
        GuestGpadl.Phase? gpadl = _gpadls.TryGetValue(id, out GuestGpadl? known) ? known.State : null;
        bool isPossible = kind switch
        {
            RequestKind.Contact => State == GuestConnectionState.Negotiating && id == 0,
            RequestKind.Drain => State == GuestConnectionState.Negotiating && id == 0 && _isUnloadOwed && _isContactOwed,
            RequestKind.Offers => IsConnected && id == 0 && _areOffersRequested,
            RequestKind.CreateGpadl => IsConnected && gpadl == GuestGpadl.Phase.Creating,
            RequestKind.TeardownGpadl => IsConnected && gpadl is GuestGpadl.Phase.TearingDown or GuestGpadl.Phase.Abandoned,
            RequestKind.Open => IsConnected && channel == GuestChannelState.Opening,
            RequestKind.ModifyChannel => IsConnected && channel == GuestChannelState.Open,
            RequestKind.CloseReserved => channel == GuestChannelState.Closing || (IsConnected && channel == GuestChannelState.Abandoned),
            RequestKind.ConnectTransport => IsConnected && unchecked(_lastTransport - id) <= int.MaxValue && _transports.TryAdd(transport, id),
            RequestKind.ModifyConnection => IsConnected && id == 0 && _isModifyConnectionOwed,
            RequestKind.Pause => State == GuestConnectionState.Pausing && id == 0,
            _ => State == GuestConnectionState.Unloading && id == 0,
        };
        reader.Allow(SavedStateRule.ModifyChannel, kind == RequestKind.ModifyChannel, Negotiated);
        reader.Allow(SavedStateRule.TransportConnect, kind == RequestKind.ConnectTransport, Negotiated);
        reader.Allow(SavedStateRule.ModifyConnection, kind == RequestKind.ModifyConnection, Negotiated);
        reader.Check(isPossible && !IsPending(kind, id), $"{kind} of {id} cannot be pending in a guest that is {State}");
        Start(kind, id, transport);
        _requests.Last!.Value.StartedAt = Ago(waited);
    }

    // States that only a request's end leads out of.
    private void CheckRequests(ref SavedStateReader reader)
    {
        bool hasIts = State switch
        {
            GuestConnectionState.Negotiating => IsPending(RequestKind.Contact) != IsPending(RequestKind.Drain),
            GuestConnectionState.Pausing => IsPending(RequestKind.Pause),
            GuestConnectionState.Unloading => IsPending(RequestKind.Unload),
            _ => true,
        };
        reader.Check(hasIts, $"a guest that is {State} waits for nothing");
        foreach (KnownChannel channel in _channels.Values)
            reader.Check(channel.State != GuestChannelState.Opening || IsPending(RequestKind.Open, channel.Relid), $"channel {channel.Relid} is opening, and no open request is pending");
        foreach (GuestGpadl gpadl in _gpadls.Values)
            reader.Check(gpadl.State != GuestGpadl.Phase.Creating || IsPending(RequestKind.CreateGpadl, gpadl.Handle), $"GPADL 0x{gpadl.Handle:x} is being created, and no request for it is pending");
    }

    // The timestamp of so long ago.
    private long Ago(TimeSpan waited) => _clock.GetTimestamp() - (long)(waited.Ticks * (decimal)_clock.TimestampFrequency / TimeSpan.TicksPerSecond);
}
