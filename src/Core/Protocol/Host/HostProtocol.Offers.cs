// Offers: given to the guest, revoked, released; relids and monitor ids given out and taken back.

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class HostProtocol
{
    // What a guest before 1.1 signals, for it knows no other: VMBUS_EVENT_CONNECTION_ID.
    private const uint SharedEventConnectionId = 2;
    private const byte NoMonitorId = 0xFF;

    private readonly Dictionary<(Guid Type, Guid Instance, ushort Subchannel), HostChannel> _living = [];
    private readonly Dictionary<(Guid Type, Guid Instance, ushort Subchannel), HostChannel> _revoked = [];
    private readonly Dictionary<(Guid Type, Guid Instance), List<HostChannel>> _subchannels = [];     // those that are living
    private readonly HostChannel?[] _monitors;
    private int _lastOffer;

    /// <summary>Whether there is room for another offer. A revoked channel takes room until the guest has released it.</summary>
    public bool CanOffer => _channels.Count < _options.MaxChannels;

    /// <summary>
    /// Offers a channel: to the guest that is there, once it asked for offers, and to every later one. Where the guest has
    /// not yet released a revoked channel of the same name, it sees this one when it has; a subchannel it sees behind its primary
    /// channel. While a saved state is being
    /// restored, a saved channel of the same name goes on, as <see cref="HostAction.Restored"/> says.
    /// </summary>
    /// <exception cref="ArgumentException">A field has an impossible value.</exception>
    /// <exception cref="InvalidOperationException">
    /// There is such an offer already, its relid is another's, or <see cref="CanOffer"/> says no.
    /// </exception>
    public OfferId Offer(HostOffer offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        if (offer.UserData.Length > UserDefinedData.Size)
            throw new ArgumentException($"An offer carries {UserDefinedData.Size} bytes of user data, not {offer.UserData.Length}.", nameof(offer));
        if (offer.MonitorLatency is { Ticks: < 1 or > ushort.MaxValue } latency)
            throw new ArgumentOutOfRangeException(nameof(offer), latency, $"A monitor's latency is 1 to {ushort.MaxValue} units of 100 ns, not {latency.Ticks}. Without a monitor it is null.");
        if (IsRestoring && TryClaim(offer) is { } restored)
            return restored;
        if (!CanOffer)
            throw new InvalidOperationException($"There are already {_channels.Count} channels, of {_options.MaxChannels}.");
        var channel = new HostChannel(new OfferId(_lastOffer + 1), offer);
        if (_living.ContainsKey(channel.Key))
            throw new InvalidOperationException($"{offer.InterfaceType}, {offer.InterfaceInstance}, subchannel {offer.SubchannelIndex} is already offered.");
        if (offer.Relid is { } relid && !_relids.TryKeep(relid))
            throw new InvalidOperationException($"Relid {relid} belongs to another offer, or is outside this host's range.");

        _lastOffer++;
        _channels.Add(channel.Id.Value, channel);
        AddLiving(channel);
        OfferToGuest(channel);
        OfferSubchannels(channel);
        return channel.Id;
    }

    /// <summary>
    /// Takes an offer back, and before a primary channel its subchannels: a guest must not see one without the other. Its device must no longer use rings and GPADLs: nothing more is asked of it, what was asked is
    /// dropped, and answers to what it took before mean nothing. The guest is told, and what it still waits for is answered.
    /// </summary>
    /// <param name="offer">The offer. One that was revoked before is left as it is.</param>
    /// <exception cref="ArgumentException">There never was such an offer.</exception>
    public void Revoke(OfferId offer)
    {
        if (Answered(offer) is not { } channel)
            return;
        if (SubchannelsOf(channel) is { } subchannels)
        {
            foreach (HostChannel subchannel in subchannels.ToArray())
                RevokeOne(subchannel);
        }

        RevokeOne(channel);
        CheckDisconnected();
    }

    /// <summary>Whether subchannels are offered of a primary channel, which <see cref="Revoke"/> takes back with it.</summary>
    public bool HasSubchannels(OfferId offer) => Answered(offer) is { } channel && SubchannelsOf(channel) is not null;

    private void RevokeOne(HostChannel channel)
    {
        RemoveLiving(channel);
        _unclaimed?.Remove(channel.Id.Value);       // it went with its primary before it was offered again
        if (channel.Offer.Relid is { } wanted)
            _relids.Unkeep(wanted);
        DropActionsOf(channel.Id);
        bool known = channel.Relid != 0 && Negotiated.IsNegotiated;
        AnswerGpadlsOfRevoked(channel, known);
        if (channel is { State: HostChannelState.Closing, Request.ReservedTarget: { } target })
            SendAside(ChannelMessageType.CloseReservedChannelResponse, new CloseReservedChannelResponse { ChildRelid = channel.Relid }, target);
        channel.State = HostChannelState.Revoked;
        if (known)
        {
            _revoked.Add(channel.Key, channel);
            Send(ChannelMessageType.RescindOffer, new RescindOffer { ChildRelid = channel.Relid });
        }
        else
        {
            Release(channel);
        }
    }

    private void AddLiving(HostChannel channel)
    {
        _living.Add(channel.Key, channel);
        if (channel.IsPrimary)
            return;
        if (!_subchannels.TryGetValue(channel.Device, out List<HostChannel>? subchannels))
            _subchannels.Add(channel.Device, subchannels = []);
        subchannels.Add(channel);
    }

    private void RemoveLiving(HostChannel channel)
    {
        _living.Remove(channel.Key);
        if (!channel.IsPrimary && _subchannels[channel.Device] is var subchannels && subchannels.Remove(channel) && subchannels.Count == 0)
            _subchannels.Remove(channel.Device);
    }

    private List<HostChannel>? SubchannelsOf(HostChannel channel) => channel.IsPrimary ? _subchannels.GetValueOrDefault(channel.Device) : null;

    // Whether the guest has been told of the primary channel, if it takes one. One that was left open as a reserved channel
    // may be known to an earlier guest only.
    private bool HasPrimary(HostChannel channel) =>
        channel.IsPrimary || (_living.TryGetValue((channel.Device.Type, channel.Device.Instance, 0), out HostChannel? primary) && primary is { Relid: not 0, IsReserved: false });

    private MessageFault OnRequestOffers()
    {
        if (_connection!.OffersRequested)
            return MessageFault.WrongState;
        _connection.OffersRequested = true;
        foreach (HostChannel channel in _channels.Values)
            OfferToGuest(channel);
        foreach (HostChannel channel in _channels.Values)
            OfferSubchannels(channel);
        Send(ChannelMessages.ToBytes(ChannelMessageType.AllOffersDelivered));
        return MessageFault.None;
    }

    private MessageFault OnRelidReleased(in RelidReleased message)
    {
        // Linux unloads first and then releases what it had. With the connection every relid was released but those of reserved
        // channels, whose end is their close.
        if (!Negotiated.IsNegotiated)
            return MessageFault.None;
        uint relid = message.ChildRelid;
        if (_relids[relid] is not { } channel)
            return MessageFault.UnknownTarget;
        if (channel.State is not (HostChannelState.Closed or HostChannelState.Closing or HostChannelState.Revoked))
            return MessageFault.WrongState;
        // What still waits in a slot of its own would be taken for an answer about the relid's next channel.
        _aside.RemoveAll(waiting => ChannelMessages.Read<RelidReleased>(waiting.Bytes.Span).ChildRelid == relid && waiting.Type != ChannelMessageType.VersionResponse);
        Release(channel);
        CheckDisconnected();
        return MessageFault.None;
    }

    private void OfferToGuest(HostChannel channel)
    {
        if (_connection is not { OffersRequested: true } connection || !Negotiated.IsNegotiated
            || channel.State != HostChannelState.Unoffered || _revoked.ContainsKey(channel.Key) || !HasPrimary(channel) || !_relids.TryAssign(channel))
        {
            return;
        }

        if (channel.Offer.MonitorLatency is not null && connection.MonitorPages is not null)
            AssignMonitor(channel);
        bool isFirstVersion = connection.Version.Version < ProtocolVersion.Win7;
        channel.ConnectionId = isFirstVersion ? SharedEventConnectionId : channel.Relid | (uint)_options.Sint << 12 | (uint)_options.Vtl << 16;
        channel.State = HostChannelState.Closed;
        Do(new HostAction.Offered(channel.Id, channel.Relid, channel.MonitorId, channel.ConnectionId));
        Send(ChannelMessageType.OfferChannel, MakeOffer(channel, connection.Version), isFirstVersion ? ChannelMessages.FirstOfferSize : OfferChannel.Size);
    }

    // Those that were offered before it, or before the guest could be told of it.
    private void OfferSubchannels(HostChannel primary)
    {
        foreach (HostChannel subchannel in SubchannelsOf(primary) ?? [])
            OfferToGuest(subchannel);
    }

    private static OfferChannel MakeOffer(HostChannel channel, NegotiatedVersion version)
    {
        HostOffer offer = channel.Offer;
        OfferFlags flags = offer.Flags;
        if (!version.Has(FeatureFlags.ConfidentialChannels))
            flags &= ~(OfferFlags.ConfidentialRingBuffer | OfferFlags.ConfidentialExternalMemory);
        if (!version.Has(FeatureFlags.GpaPinning))
            flags &= ~OfferFlags.RequirePinned;

        bool isDedicated = !version.HasInterruptPage || (offer.HasDedicatedInterrupt && !version.SharesEventFlag);
        var message = new OfferChannel
        {
            ChildRelid = channel.Relid,
            MonitorId = (byte)(channel.MonitorId ?? NoMonitorId),
            MonitorFlags = channel.MonitorId is null ? (byte)0 : OfferChannel.MonitorAllocatedBit,
            InterruptFlags = isDedicated ? OfferChannel.DedicatedInterruptBit : (ushort)0,
            ConnectionId = channel.ConnectionId,
        };
        message.Offer.InterfaceType = offer.InterfaceType;
        message.Offer.InterfaceInstance = offer.InterfaceInstance;
        message.Offer.InterruptLatency = channel.MonitorId is null ? 0 : (ulong)offer.MonitorLatency!.Value.Ticks;
        message.Offer.MmioMegabytes = offer.MmioMegabytes;
        message.Offer.MmioMegabytesOptional = offer.MmioMegabytesOptional;
        message.Offer.SubchannelIndex = offer.SubchannelIndex;
        offer.UserData.Span.CopyTo(MemoryMarshal.AsBytes(new Span<UserDefinedData>(ref message.Offer.UserData)));
        if (offer.PipeMode is { } mode)
        {
            flags |= OfferFlags.NamedPipeMode;
            message.Offer.Pipe.Mode = mode;
        }

        message.Offer.Flags = flags;
        return message;
    }

    private void AssignMonitor(HostChannel channel)
    {
        int id = Array.IndexOf(_monitors, null);
        if (id < 0)
            return;
        _monitors[id] = channel;
        channel.MonitorId = id;
        MonitorIdsInUse++;
    }

    // Takes a channel from the guest: by its wish, or because it has gone. The device releases what it has, the close first.
    private void Release(HostChannel channel)
    {
        bool isRevoked = channel.State == HostChannelState.Revoked;
        channel.Reopen = null;
        channel.NextTargetVp = null;
        if (channel.State == HostChannelState.Open)
            Do(new HostAction.Close(channel.Id));
        channel.State = channel.State switch
        {
            HostChannelState.Opening or HostChannelState.OpeningReleased => HostChannelState.OpeningReleased,
            HostChannelState.Open or HostChannelState.Closing or HostChannelState.ClosingReopen or HostChannelState.ClosingReleased => HostChannelState.ClosingReleased,
            _ => HostChannelState.Unoffered,
        };
        ReleaseGpadls(channel, isRevoked);
        if (channel.Relid != 0)
        {
            _relids.Free(channel);
            if (channel.MonitorId is { } id)
            {
                _monitors[id] = null;
                channel.MonitorId = null;
                MonitorIdsInUse--;
            }

            Do(new HostAction.Released(channel.Id));
        }

        if (!isRevoked)
            return;
        _channels.Remove(channel.Id.Value);
        // A channel that was revoked before the guest could be told of it leaves the name to the one that it waited for.
        if (!_revoked.TryGetValue(channel.Key, out HostChannel? named) || named != channel)
            return;
        _revoked.Remove(channel.Key);
        if (_living.TryGetValue(channel.Key, out HostChannel? heir))
        {
            OfferToGuest(heir);
            OfferSubchannels(heir);
        }
    }

    private void DropActionsOf(OfferId offer)
    {
        for (int left = _actions.Count; left > 0; left--)
        {
            HostAction action = _actions.Dequeue();
            OfferId? target = action switch
            {
                HostAction.CreateGpadl create => create.Offer,
                HostAction.TeardownGpadl teardown => teardown.Offer,
                HostAction.Open open => open.Offer,
                HostAction.Close close => close.Offer,
                HostAction.Modify modify => modify.Offer,
                _ => null,
            };
            if (target != offer)
                _actions.Enqueue(action);
        }
    }
}
