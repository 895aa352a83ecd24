// A host that goes on from saved bytes. Devices offer their channels again and take up what is theirs by name; what
// that is not offered again is revoked. Facts: Server::restore, restore_channel and revoke_unclaimed_channels of OpenVMM
// (vmbus_server channels.rs).

using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class HostProtocol
{
    // The saved channels that no device has offered again yet; null when nothing is being restored.
    private HashSet<int>? _unclaimed;

    /// <summary>
    /// Whether a saved state is being restored: devices offer their channels again, nothing may be received, and nothing
    /// is posted.
    /// </summary>
    public bool IsRestoring => _unclaimed is not null;

    /// <summary>
    /// Makes a host out of a saved state. Its devices then offer their channels again, in any order and with others among
    /// them, and <see cref="CompleteRestore"/> ends it. Everything that was asked of a driver and not answered is asked again.
    /// </summary>
    /// <param name="options">What it speaks, and its limits: the state must keep to them.</param>
    /// <param name="clock">The clock of repeated posts.</param>
    /// <param name="state">What <see cref="Save"/> gave.</param>
    /// <returns>The host; <see cref="IsRestoring"/> says yes.</returns>
    /// <exception cref="SavedStateException">The state is no such state, is damaged, or does not fit the options.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option has an impossible value.</exception>
    public static HostProtocol Restore(HostProtocolOptions options, TimeProvider clock, ReadOnlySpan<byte> state)
    {
        var host = new HostProtocol(options, clock);
        var reader = new SavedStateReader(state, SavedStateKind.HostProtocol);
        host.RestoreAll(ref reader);
        reader.End();
        return host;
    }

    /// <summary>
    /// Subchannels that were offered again and whose primary channel was not: <see cref="CompleteRestore"/> takes them back with
    /// it. A driver first ends their devices.
    /// </summary>
    public IEnumerable<OfferId> Orphans
    {
        get
        {
            foreach (int id in _unclaimed ?? throw new InvalidOperationException("Nothing is being restored."))
            {
                HostChannel channel = _channels[id];
                if (channel.IsReset)
                    continue;
                foreach (HostChannel subchannel in SubchannelsOf(channel) ?? [])
                {
                    if (!_unclaimed.Contains(subchannel.Id.Value))
                        yield return subchannel.Id;
                }
            }
        }
    }

    /// <summary>
    /// Ends the restore: channels that no device has offered again are revoked, the guest is heard again, and what waits
    /// for it is posted.
    /// </summary>
    /// <exception cref="InvalidOperationException">Nothing is being restored.</exception>
    public void CompleteRestore()
    {
        HashSet<int> unclaimed = _unclaimed ?? throw new InvalidOperationException("Nothing is being restored.");
        _unclaimed = null;
        if (_disconnectAsked)
            Do(new HostAction.Disconnect());
        foreach (int id in unclaimed.Order())
        {
            // A subchannel may have gone with its primary.
            if (!_channels.TryGetValue(id, out HostChannel? channel))
                continue;
            if (!channel.IsReset)
            {
                Revoke(channel.Id);
                continue;
            }
            _channels.Remove(id);
            RemoveLiving(channel);
        }

        foreach ((Guid endpoint, Guid service, Guid silo) in _transportConnects)
            Do(new HostAction.TransportConnect(endpoint, service, silo));
        CheckDisconnected();
    }

    private void RestoreAll(ref SavedStateReader reader)
    {
        _unclaimed = [];
        reader.Enter(SavedStateRecord.HostConnection);
        RestoreConnection(ref reader);
        reader.Enter(SavedStateRecord.HostChannels);
        uint lastOffer = reader.UInt32();
        // Half of the numbers are left to the offers that come: no host has made a billion.
        reader.Check(lastOffer <= int.MaxValue / 2, $"{lastOffer} exceeds the maximum number of offers");
        _lastOffer = (int)lastOffer;
        int channels = reader.Count(50);
        reader.CheckFit(channels <= _options.MaxChannels, $"{channels} channels are more than {_options.MaxChannels}");
        for (int id = 0; channels > 0; channels--)
            id = RestoreChannel(ref reader, id).Id.Value;
        reader.Enter(SavedStateRecord.HostTransports);
        int transports = reader.Count(48);
        reader.CheckFit(transports <= _options.MaxTransportConnects, $"{transports} waiting socket channels are more than {_options.MaxTransportConnects}");
        reader.Check(transports == 0 || Negotiated.IsNegotiated, $"socket channels are requested while {State}");
        for (; transports > 0; transports--)
            _transportConnects.Add((reader.Guid(), reader.Guid(), reader.Guid()));
        reader.Allow(SavedStateRule.TransportConnect, _transportConnects.Count > 0, Negotiated);
        reader.Allow(SavedStateRule.Silo, _transportConnects.Exists(asked => asked.Silo != Guid.Empty), Negotiated);
        // What is said last in a connection may wait longer than that; the answers about reserved channels always may.
        _outbox.Restore(ref reader, SavedStateRecord.Outbox, MessageDirection.HostToGuest, _connection is null ? null : Negotiated);
        _aside.Restore(ref reader, SavedStateRecord.Aside, MessageDirection.HostToGuest, null);
        foreach (QueuedMessage message in _outbox.Waiting.Concat(_aside.Waiting))
            reader.CheckFit(IsPossible(message.Target), $"{message.Type} goes to {message.Target}, where nothing receives");
        _waitingAnswers = _outbox.Waiting.Count(message => IsAnswer(message.Type));
        reader.Check(_beforePause <= _outbox.Count, $"{_beforePause} of {_outbox.Count} messages go before the pause");
    }

    private void RestoreConnection(ref SavedStateReader reader)
    {
        State = reader.Enum(HostState.Disconnecting);
        _sequel = reader.Enum(HostSequel.Reset);
        _answerUnload = reader.Bool();
        _disconnectAsked = reader.Bool();
        _modifyAsked = reader.Bool();
        _target = RestoreTarget(ref reader);
        uint beforePause = reader.UInt32();
        reader.Check(beforePause <= int.MaxValue, $"{beforePause} messages go before the pause");
        _beforePause = (int)beforePause;
        bool isConnected = State is HostState.Connected or HostState.Paused;
        reader.Check(reader.Bool() == (isConnected || State == HostState.Connecting), $"a host that is {State} has a connection, or none");
        if (isConnected || State == HostState.Connecting)
            _connection = RestoreNegotiated(ref reader);
        reader.Check(!_disconnectAsked || State == HostState.Disconnecting, $"a host that is {State} ends a connection");
        reader.Check(!_modifyAsked || isConnected || State == HostState.Disconnecting, $"a host that is {State} moves monitor pages");
        reader.Check(State switch
        {
            HostState.Connecting => true,
            HostState.Disconnecting => _sequel != HostSequel.Nothing,
            _ => _sequel == HostSequel.Nothing,
        }, $"after {State} comes {_sequel}");
        if (_sequel == HostSequel.Contact)
        {
            var version = new NegotiatedVersion(new ProtocolVersion(reader.UInt32()), (FeatureFlags)reader.UInt32());
            _nextContact = new ContactRequest(version, RestoreTarget(ref reader), reader.UInt64(), reader.UInt64(), reader.UInt64(), reader.Guid());
            CheckContact(ref reader, version, _nextContact.Target, _nextContact.InterruptPage, _nextContact.ClientId);
        }

        if (_connection is { } connection)
            CheckConnection(ref reader, connection);

        if (isConnected)
            Do(new HostAction.RestoredConnection(_connection!.RequestFor(_target)));
        else if (State == HostState.Connecting)
            Do(new HostAction.Connect(_connection!.RequestFor(_target)));
        if (_modifyAsked)
            Do(new HostAction.ModifyConnection(_connection?.NextMonitorPages));
    }

    private HostConnection RestoreNegotiated(ref SavedStateReader reader)
    {
        NegotiatedVersion version = reader.Version();
        reader.Check(version.IsNegotiated, "a connection has no version");
        reader.CheckFit(version.Version <= _options.MaxVersion && (version.Features & ~_options.Features) == 0, $"{version} was negotiated, and is not offered now");
        ulong interruptPage = reader.UInt64();
        Guid clientId = reader.Guid();
        MonitorPageAddresses? pages = reader.OptionalPages();
        bool hasServerPages = reader.Bool();
        reader.CheckFit(!hasServerPages || (pages is not null && pages == _options.ServerMonitorPages), $"the guest uses the host's monitor pages {pages}, which are {_options.ServerMonitorPages} now");
        return new HostConnection(version, pages, hasServerPages)
        {
            InterruptPage = interruptPage,
            ClientId = clientId,
            OffersRequested = reader.Bool(),
            NextMonitorPages = reader.OptionalPages(),
        };
    }

    private void CheckConnection(ref SavedStateReader reader, HostConnection connection)
    {
        NegotiatedVersion version = connection.Version;
        CheckContact(ref reader, version, _target, connection.InterruptPage, connection.ClientId);
        reader.Allow(SavedStateRule.Pause, State == HostState.Paused || _beforePause > 0, version);
        reader.Allow(SavedStateRule.ModifyConnection, _modifyAsked || connection.NextMonitorPages is not null, version);
        reader.Check(connection.HasServerMonitorPages == version.Has(FeatureFlags.ServerSpecifiedMonitorPages), $"the monitor pages are the host's, or not, in a connection of {version}");
    }

    private static void CheckContact(ref SavedStateReader reader, NegotiatedVersion version, MessageTarget target, ulong interruptPage, Guid clientId)
    {
        reader.Allow(SavedStateRule.AnyFeature, version.Features != FeatureFlags.None, version);
        reader.Allow(SavedStateRule.MessageVp, target.Vp != 0, version);
        reader.Allow(SavedStateRule.InterruptPage, interruptPage != 0, version);
        reader.Allow(SavedStateRule.ClientId, clientId != Guid.Empty, version);
    }

    private MessageTarget RestoreTarget(ref SavedStateReader reader)
    {
        MessageTarget target = reader.Target();
        reader.CheckFit(IsPossible(target), $"messages go to {target}, which has no connection");
        return target;
    }

    // The offer that takes up a saved channel; null where there was none of its name.
    private OfferId? TryClaim(HostOffer offer)
    {
        if (!_living.TryGetValue((offer.InterfaceType, offer.InterfaceInstance, offer.SubchannelIndex), out HostChannel? channel)
            || !_unclaimed!.Contains(channel.Id.Value))
        {
            return null;
        }

        if (offer.Relid is { } relid && !_relids.TryKeep(relid))
            throw new InvalidOperationException($"Relid {relid} belongs to another offer, or is outside this host's range.");
        _unclaimed.Remove(channel.Id.Value);
        channel.Offer = offer;
        var gpadls = new Dictionary<uint, IReadOnlyList<GpadlRange>>();
        foreach (HostGpadl gpadl in channel.Gpadls.Values)
        {
            if (gpadl.State is HostGpadlState.Accepted or HostGpadlState.TeardownHeld)
                gpadls.Add(gpadl.Handle, RangesOf(gpadl));
        }

        Do(new HostAction.Restored(
            channel.Id, channel.Relid, channel.MonitorId, gpadls, channel.State == HostChannelState.Open ? channel.Request : null));
        AskAgain(channel);
        return channel.Id;
    }

    private void AskAgain(HostChannel channel)
    {
        foreach (HostGpadl gpadl in channel.Gpadls.Values)
        {
            if (gpadl.State is HostGpadlState.Offered or HostGpadlState.OfferedReleased)
                Do(new HostAction.CreateGpadl(channel.Id, channel.Relid, gpadl.Handle, RangesOf(gpadl)));
            else if (gpadl.State == HostGpadlState.TearingDown)
                Do(new HostAction.TeardownGpadl(channel.Id, gpadl.Handle));
        }

        if (channel.State is HostChannelState.Opening or HostChannelState.OpeningReleased)
            Do(new HostAction.Open(channel.Id, channel.Request!));
        else if (channel.State is HostChannelState.Closing or HostChannelState.ClosingReopen or HostChannelState.ClosingReleased)
            Do(new HostAction.Close(channel.Id));
        // The VP of the open there is now, whichever the change was for: the device of a former one never heard of it.
        if (channel.Modifying is { } modifying)
            Do(new HostAction.Modify(channel.Id, channel.Request?.TargetVp ?? modifying.TargetVp!.Value));
    }

    private static IReadOnlyList<GpadlRange> RangesOf(HostGpadl gpadl)
    {
        gpadl.Assembly.Decode(out IReadOnlyList<GpadlRange> ranges);
        return ranges;
    }
}
