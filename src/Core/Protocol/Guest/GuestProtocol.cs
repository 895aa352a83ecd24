// The guest's end of the channel protocol. What vmbus_connection and its message handlers are to Linux
// (drivers/hv/connection.c, channel_mgmt.c, channel.c), and ClientTask to OpenVMM (vmbus_client), without their threads:
// messages of the host and requests of the guest go in, messages to post and events come out.

using System.Diagnostics;

namespace VmBus.Protocol;

/// <summary>
/// The state machine of a guest's connection. It does nothing by itself: its driver hands it the host's messages
/// (<see cref="Receive"/>), posts what it wants posted (<see cref="TryPeekPost"/>), takes its events
/// (<see cref="TryTakeEvent"/>) and tells it when time has passed (<see cref="Elapse"/>). Not thread-safe.
/// </summary>
/// <remarks>
/// <para>A request ends in one event, of the name its documentation gives. Its deadline is
/// <see cref="GuestProtocolOptions.ResponseTimeout"/> after it was made, however long its message waits to be posted.</para>
/// <para>A request the state does not allow throws <see cref="InvalidOperationException"/>, and changes nothing. What the
/// host sends never throws: a message that may not come is dropped and counted in <see cref="Faults"/>.</para>
/// <para>An answer that comes after its request has ended puts things right, and is counted in <see cref="LateAnswers"/>:
/// a channel that opened late is closed, a GPADL that was taken late is torn down. Until it comes, the host owes it, and
/// the same cannot be asked for the same thing again.</para>
/// <para>What the host makes grow is bounded: offers by <see cref="GuestProtocolOptions.MaxOffers"/>, each with one event
/// when it comes and one when it goes; releases of relids by <see cref="ReleaseRelid"/>; all else answers a request.</para>
/// </remarks>
internal sealed partial class GuestProtocol
{
    private readonly GuestProtocolOptions _options;
    private readonly TimeProvider _clock;
    private readonly Queue<GuestEvent> _events = [];

    /// <summary>Makes a guest without a connection.</summary>
    /// <param name="options">How it connects, and what it bears.</param>
    /// <param name="clock">The clock of its deadlines and of repeated posts.</param>
    /// <exception cref="ArgumentException">An option has an impossible value.</exception>
    public GuestProtocol(GuestProtocolOptions options, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        options.Validate();
        _options = options;
        _clock = clock;
        _versions = options.ProposedVersions;
        _outbox = new MessageOutbox(options.Retry, clock);
    }

    /// <summary>How far the connection is.</summary>
    public GuestConnectionState State { get; private set; }

    /// <summary>What was agreed on; the default unless connected, paused or unloading.</summary>
    public NegotiatedVersion Negotiated { get; private set; }

    /// <summary>The messages of the host that were dropped.</summary>
    public MessageFaultCounts Faults { get; } = new();

    /// <summary>How many answers came after their request had ended, and put things right.</summary>
    public long LateAnswers { get; private set; }

    /// <summary>How many events wait to be taken.</summary>
    public int EventCount => _events.Count;

    /// <summary>Takes the next event.</summary>
    /// <returns>Whether there is one.</returns>
    public bool TryTakeEvent(out GuestEvent guestEvent) => _events.TryDequeue(out guestEvent!);

    /// <summary>
    /// Takes a message of the host. A message with a fault changes nothing. While nothing but an end is waited for, nothing
    /// else is taken: when negotiating the version response, when unloading the unload response, when paused the answers
    /// about reserved channels (which have a message slot of their own, and so no order with the pause's). That a reserved
    /// channel is closed is taken at any time.
    /// </summary>
    /// <param name="message">The message, header included; a private copy, not shared memory.</param>
    /// <returns>Why it was dropped, or <see cref="MessageFault.None"/>.</returns>
    public MessageFault Receive(ReadOnlySpan<byte> message)
    {
        MessageFault fault = ChannelMessages.Check(message, MessageDirection.HostToGuest, Negotiated, out ChannelMessageType type);
        if (fault == MessageFault.None)
            fault = IsTimeFor(type) ? Take(type, message) : MessageFault.WrongState;
        if (fault != MessageFault.None)
            Faults.Count(fault);
        return fault;
    }

    // What comes at any time (the negotiation's and the unloading's) looks at the state itself.
    private bool IsTimeFor(ChannelMessageType type) => type switch
    {
        ChannelMessageType.VersionResponse or ChannelMessageType.UnloadResponse or ChannelMessageType.CloseReservedChannelResponse => true,
        ChannelMessageType.OpenChannelResult => IsConnected,
        _ => IsConnected && !IsHostSilent,
    };

    private MessageFault Take(ChannelMessageType type, ReadOnlySpan<byte> message) => type switch
    {
        ChannelMessageType.VersionResponse => TakeVersionResponse(message),
        ChannelMessageType.UnloadResponse => TakeUnloadResponse(),
        ChannelMessageType.OfferChannel => TakeOffer(message),
        ChannelMessageType.AllOffersDelivered => TakeAllOffersDelivered(),
        ChannelMessageType.RescindOffer => TakeRescind(ChannelMessages.Read<RescindOffer>(message)),
        ChannelMessageType.GpadlCreated => TakeGpadlCreated(ChannelMessages.Read<GpadlCreated>(message)),
        ChannelMessageType.GpadlTorndown => TakeGpadlTorndown(ChannelMessages.Read<GpadlTorndown>(message)),
        ChannelMessageType.OpenChannelResult => TakeOpenResult(ChannelMessages.Read<OpenChannelResult>(message)),
        ChannelMessageType.ModifyChannelResponse => TakeModifyResponse(ChannelMessages.Read<ModifyChannelResponse>(message)),
        ChannelMessageType.CloseReservedChannelResponse => TakeCloseReservedResponse(ChannelMessages.Read<CloseReservedChannelResponse>(message)),
        ChannelMessageType.TlConnectResult => TakeTransportResult(ChannelMessages.Read<TlConnectResult>(message)),
        ChannelMessageType.ModifyConnectionResponse => TakeModifyConnectionResponse(ChannelMessages.Read<ModifyConnectionResponse>(message)),
        ChannelMessageType.PauseResponse => TakePauseResponse(),
        _ => throw new UnreachableException($"{type} passed the check of messages to guests."),
    };

    private MessageFault TakeLate()
    {
        LateAnswers++;
        return MessageFault.None;
    }

    private void Emit(GuestEvent guestEvent) => _events.Enqueue(guestEvent);
}
