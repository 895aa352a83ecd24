// What waits to be posted to the guest. Answers of reserved channels and to contacts meant for someone else go beside the
// connection's own messages: their slots are the guest's choice, and one it never reads must not hold up the rest.

using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class HostProtocol
{
    private const int AsideTries = 100;

    private readonly MessageOutbox _outbox;
    private readonly MessageOutbox _aside;
    private MessageTarget _target;
    private MessageOutbox? _posting;
    private QueuedMessage? _posted;
    private int _beforePause;
    private int _waitingAnswers;

    /// <summary>How long until a message is due: zero when one is, <see langword="null"/> when none waits or may go.</summary>
    public TimeSpan? UntilDue => IsRestoring ? null : Sooner(_aside.UntilDue, MayPost ? _outbox.UntilDue : null);

    /// <summary>How many messages wait to be posted, offers among them.</summary>
    public int WaitingMessages => _outbox.Count + _aside.Count;

    /// <summary>How many of them are answers: what <see cref="HostProtocolOptions.MaxWaitingAnswers"/> limits.</summary>
    public int WaitingAnswers => _waitingAnswers + _aside.Count;

    /// <summary>How many messages were given up, because the hypervisor refused them or their slot was never free.</summary>
    public long MessagesGivenUp => _outbox.GivenUp + _aside.GivenUp;

    /// <summary>How many posts found no room, or a SynIC that is off.</summary>
    public long PostsDelayed => _outbox.Delayed + _aside.Delayed;

    private MessageTarget DefaultTarget => new(0, _options.Sint, _options.Vtl);

    private bool MayPost => State != HostState.Paused || _beforePause > 0;

    /// <summary>Looks at the next message that is due. After it was posted, <see cref="CompletePost"/> must be called.</summary>
    /// <param name="message">The message, with the slot it goes to.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryPeekPost(out QueuedMessage message)
    {
        _posting = null;
        message = null!;
        if (IsRestoring)
            return false;
        if (_aside.TryPeek(out message))
            _posting = _aside;
        else if (MayPost && _outbox.TryPeek(out message))
            _posting = _outbox;
        _posted = message;
        return _posting is not null;
    }

    /// <summary>
    /// Says how the post went of the message <see cref="TryPeekPost"/> gave last. Means nothing where that message was dropped
    /// in between, by a reset or the guest's new contact.
    /// </summary>
    /// <exception cref="InvalidOperationException">No message was looked at since the last call.</exception>
    public void CompletePost(HypercallStatus status)
    {
        MessageOutbox outbox = _posting ?? throw new InvalidOperationException("No message was dequeued, so none was posted.");
        QueuedMessage posted = _posted!;
        _posting = null;
        _posted = null;
        if (!ReferenceEquals(outbox.Waiting.FirstOrDefault(), posted))
            return;
        int waiting = outbox.Count;
        PostOutcome outcome = outbox.Complete(status);
        if (outcome == PostOutcome.Delayed || outbox == _aside)
            return;
        // One that is given up may take others along.
        _waitingAnswers = outcome == PostOutcome.GivenUp ? outbox.Waiting.Count(left => IsAnswer(left.Type)) : IsAnswer(posted.Type) ? _waitingAnswers - 1 : _waitingAnswers;
        _beforePause = Math.Max(0, _beforePause - (waiting - outbox.Count));
    }

    /// <summary>Makes what found no room due now: the guest has emptied a slot.</summary>
    public void Hurry()
    {
        _outbox.Hurry();
        _aside.Hurry();
    }

    private void Send<T>(ChannelMessageType type, in T message, int length = -1) where T : unmanaged => Send(ChannelMessages.ToBytes(type, message, length));

    private void Send(byte[] bytes)
    {
        if (IsResetting)
            return;
        var message = new QueuedMessage(bytes, Target: _target);
        _outbox.Enqueue(message);
        if (IsAnswer(message.Type))
            _waitingAnswers++;
    }

    private void SendAside<T>(ChannelMessageType type, in T message, MessageTarget target) where T : unmanaged
    {
        if (!IsResetting)
            _aside.Enqueue(new QueuedMessage(ChannelMessages.ToBytes(type, message), Target: target));
    }

    // Answers go where the channel's were asked for.
    private void SendTo<T>(MessageTarget? reserved, ChannelMessageType type, in T message) where T : unmanaged
    {
        if (reserved is { } target)
            SendAside(type, message, target);
        else
            Send(type, message);
    }

    // The connection's own messages only: a reserved channel's answers are awaited whatever becomes of the connection.
    private void DropMessages()
    {
        _outbox.Clear();
        _waitingAnswers = 0;
        _beforePause = 0;
    }

    private MessageFault OnPause()
    {
        Send(ChannelMessages.ToBytes(ChannelMessageType.PauseResponse));
        _beforePause = _outbox.Count;
        State = HostState.Paused;
        return MessageFault.None;
    }

    private MessageFault OnResume()
    {
        if (State != HostState.Paused)
            return MessageFault.WrongState;
        State = HostState.Connected;
        return MessageFault.None;
    }

    // Offers and rescinds are as many as there are channels, whatever the guest does; answers are as many as it asks for.
    private static bool IsAnswer(ChannelMessageType type) =>
        type is not (ChannelMessageType.OfferChannel or ChannelMessageType.RescindOffer or ChannelMessageType.AllOffersDelivered);

    private static TimeSpan? Sooner(TimeSpan? left, TimeSpan? right) =>
        left is null || right is null ? left ?? right : left < right ? left : right;
}
