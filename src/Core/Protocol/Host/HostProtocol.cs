// The host's end of the channel protocol: the guest's messages in; messages to the guest and work for devices out.
// Behaves as OpenVMM's server does (vmbus_server channels.rs), which serves every guest there is.

using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>
/// The state machine of a host towards one guest. It posts nothing and touches no memory: its driver passes in the guest's
/// messages, posts those it finds with <see cref="TryPeekPost"/>, and does what it finds with <see cref="TryTakeAction"/>.
/// Not thread-safe.
/// </summary>
/// <remarks>
/// What the guest sends is never trusted: a message that cannot be taken is counted in <see cref="Faults"/>, answered with a
/// failure where the protocol has an answer and dropped where it has none; nothing else changes. Calls of the host's own
/// side that cannot be meant throw.
/// </remarks>
internal sealed partial class HostProtocol
{
    private readonly HostProtocolOptions _options;
    private readonly Queue<HostAction> _actions = [];
    private readonly SortedDictionary<int, HostChannel> _channels = [];
    private readonly RelidTable _relids;

    /// <summary>Makes a host that no guest has contacted and no device has offered anything on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option has an impossible value.</exception>
    public HostProtocol(HostProtocolOptions options, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        options.Validate();
        _options = options;
        _outbox = new MessageOutbox(options.Retry, clock);
        _aside = new MessageOutbox(options.Retry with { MaxTries = Math.Min(options.Retry.MaxTries, AsideTries) }, clock);
        _relids = new RelidTable(options.RelidBase, options.MaxChannels);
        _monitors = new HostChannel?[options.MonitorIds];
        _target = DefaultTarget;
    }

    /// <summary>Where the connection stands.</summary>
    public HostState State { get; private set; }

    /// <summary>What was negotiated; nothing unless <see cref="HostState.Connected"/> or <see cref="HostState.Paused"/>.</summary>
    public NegotiatedVersion Negotiated => State is HostState.Connected or HostState.Paused ? _connection!.Version : default;

    /// <summary>The messages that were not taken, by fault.</summary>
    public MessageFaultCounts Faults { get; } = new();

    /// <summary>How many relids the guest holds.</summary>
    public int RelidsInUse => _relids.InUse;

    /// <summary>How many monitor ids are given out.</summary>
    public int MonitorIdsInUse { get; private set; }

    /// <summary>How many GPADLs the guest has, those among them that are still coming in or being torn down.</summary>
    public int GpadlCount { get; private set; }

    /// <summary>How many pages those have in all.</summary>
    public long GpadlPages { get; private set; }

    /// <summary>Requests for socket channels that wait for their answer.</summary>
    public int SocketRequests => _transportConnects.Count;

    /// <summary>
    /// Whether a message may be passed to <see cref="Receive"/>. While it may not, because the guest does not read its
    /// answers, is being reset or was not restored yet, the platform refuses the guest's posts with
    /// <see cref="HypercallStatus.InsufficientBuffers"/>. A paused guest is always heard: it has yet to say that it goes on.
    /// </summary>
    public bool CanReceive => !IsResetting && !IsRestoring && (State == HostState.Paused || WaitingAnswers < _options.MaxWaitingAnswers);

    /// <summary>Takes a message of the guest.</summary>
    /// <param name="message">The message, header included; a private copy, not shared memory.</param>
    /// <returns>What is wrong with it, counted in <see cref="Faults"/>; <see cref="MessageFault.None"/> where it was taken.</returns>
    /// <exception cref="InvalidOperationException"><see cref="CanReceive"/> says no.</exception>
    public MessageFault Receive(ReadOnlySpan<byte> message)
    {
        if (!CanReceive)
            throw new InvalidOperationException(IsResetting ? "The guest is being reset." : IsRestoring ? "The host is not restored yet." : $"{WaitingAnswers} answers wait until the guest reads them.");
        MessageFault fault = ChannelMessages.Check(message, MessageDirection.GuestToHost, Negotiated, out ChannelMessageType type);
        if (fault == MessageFault.None)
            fault = Take(type, message);
        else if (fault == MessageFault.TooShort)
            AnswerTooShort(type, message);
        if (fault != MessageFault.None)
            Faults.Count(fault);
        return fault;
    }

    /// <summary>Takes the next thing to do, in order.</summary>
    /// <returns>Whether there is anything.</returns>
    public bool TryTakeAction(out HostAction action) => _actions.TryDequeue(out action!);

    private MessageFault Take(ChannelMessageType type, ReadOnlySpan<byte> message)
    {
        if (State == HostState.Paused && type is not (ChannelMessageType.Resume or ChannelMessageType.Unload or ChannelMessageType.InitiateContact))
            return MessageFault.WrongState;
        return type switch
        {
            ChannelMessageType.InitiateContact => OnInitiateContact(message),
            ChannelMessageType.Unload => OnUnload(),
            ChannelMessageType.RequestOffers => OnRequestOffers(),
            ChannelMessageType.RelidReleased => OnRelidReleased(ChannelMessages.Read<RelidReleased>(message)),
            ChannelMessageType.GpadlHeader => OnGpadlHeader(message),
            ChannelMessageType.GpadlBody => OnGpadlBody(message),
            ChannelMessageType.GpadlTeardown => OnGpadlTeardown(ChannelMessages.Read<GpadlTeardown>(message)),
            ChannelMessageType.OpenChannel => OnOpenChannel(message),
            ChannelMessageType.CloseChannel => OnCloseChannel(ChannelMessages.Read<CloseChannel>(message)),
            ChannelMessageType.OpenReservedChannel => OnOpenReserved(ChannelMessages.Read<OpenReservedChannel>(message)),
            ChannelMessageType.CloseReservedChannel => OnCloseReserved(ChannelMessages.Read<CloseReservedChannel>(message)),
            ChannelMessageType.ModifyChannel => OnModifyChannel(ChannelMessages.Read<ModifyChannel>(message)),
            ChannelMessageType.ModifyConnection => OnModifyConnection(ChannelMessages.Read<ModifyConnection>(message)),
            ChannelMessageType.TlConnectRequest => OnTransportConnect(message),
            ChannelMessageType.Pause => OnPause(),
            ChannelMessageType.Resume => OnResume(),
            _ => throw new InvalidOperationException($"{type} is not a message of a guest."),
        };
    }

    private void Do(HostAction action) => _actions.Enqueue(action);

    // The channel that an answer of the driver is for; none where the device was revoked since, whose answers mean nothing.
    private HostChannel? Answered(OfferId offer)
    {
        if (offer.Value <= 0 || offer.Value > _lastOffer)
            throw new ArgumentException($"There is no offer {offer.Value}.", nameof(offer));
        return _channels.TryGetValue(offer.Value, out HostChannel? channel) && channel.State != HostChannelState.Revoked ? channel : null;
    }

    private static InvalidOperationException NotAsked(string what, OfferId offer) => new($"Offer {offer.Value} has no pending request for {what}.");
}
