// Messages that wait to be posted, in order. One that finds no room keeps its place at the head: the protocol lives by
// the order of its messages. Used by both ends; nothing here posts.

using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>
/// A queue of messages, taken from its head when they are due. Not thread-safe. Its users keep it bounded.
/// </summary>
internal sealed partial class MessageOutbox
{
    private readonly TimeProvider _clock;
    private readonly PostRetryPolicy _policy;
    private readonly Queue<QueuedMessage> _queue = [];
    private int _tries;
    private long _failedAt;
    private TimeSpan _delay;
    private long? _offSince;

    /// <summary>Makes an empty one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The policy has an impossible value.</exception>
    public MessageOutbox(PostRetryPolicy policy, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(clock);
        policy.Validate();
        _policy = policy;
        _clock = clock;
    }

    /// <summary>How many messages wait.</summary>
    public int Count => _queue.Count;

    /// <summary>How many posts found no room.</summary>
    public long Delayed { get; private set; }

    /// <summary>How many messages were given up.</summary>
    public long GivenUp { get; private set; }

    /// <summary>How long until the head is due: zero when it is, <see langword="null"/> when nothing waits.</summary>
    public TimeSpan? UntilDue
    {
        get
        {
            if (_queue.Count == 0)
                return null;
            if (_tries == 0)
                return TimeSpan.Zero;
            TimeSpan left = _delay - _clock.GetElapsedTime(_failedAt);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>The messages that wait, first the head.</summary>
    public IReadOnlyCollection<QueuedMessage> Waiting => _queue;

    /// <summary>Puts a message behind the others.</summary>
    public void Enqueue(QueuedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        _queue.Enqueue(message);
    }

    /// <summary>Looks at the head, if it is due. After it was posted, <see cref="Complete"/> must be called.</summary>
    /// <returns>Whether there is one that is due.</returns>
    public bool TryPeek(out QueuedMessage message)
    {
        message = null!;
        return UntilDue == TimeSpan.Zero && _queue.TryPeek(out message!);
    }

    /// <summary>Says how the head's post went.</summary>
    /// <exception cref="InvalidOperationException">Nothing waits.</exception>
    public PostOutcome Complete(HypercallStatus status)
    {
        if (_queue.Count == 0)
            throw new InvalidOperationException("No message was dequeued, so none was posted.");
        bool isOff = status == HypercallStatus.InvalidSynicState;
        if (!isOff)
            _offSince = null;
        if (status == HypercallStatus.Success)
        {
            RemoveHead();
            return PostOutcome.Delivered;
        }

        if (isOff && IsOffTooLong())
        {
            // None of them can be read any more.
            MessageTarget target = _queue.Peek().Target;
            int waiting = Count;
            RemoveAll(message => message.Target == target);
            GivenUp += waiting - Count;
            _offSince = null;
            return PostOutcome.GivenUp;
        }

        _tries++;
        if (!IsTransient(status, _queue.Peek().Type) || _tries >= _policy.MaxTries)
        {
            GivenUp++;
            RemoveHead();
            return PostOutcome.GivenUp;
        }

        Delayed++;
        _failedAt = _clock.GetTimestamp();
        _delay = _policy.DelayAfter(_tries, isOff);
        return PostOutcome.Delayed;
    }

    /// <summary>Makes the head due now: the receiver has said that there is room.</summary>
    public void Hurry() => _delay = TimeSpan.Zero;

    /// <summary>Drops every message.</summary>
    public void Clear()
    {
        _queue.Clear();
        _tries = 0;
    }

    /// <summary>Drops the messages that match. The head must not be among them while it is being posted.</summary>
    internal void RemoveAll(Predicate<QueuedMessage> match)
    {
        QueuedMessage? head = _queue.Count > 0 ? _queue.Peek() : null;
        QueuedMessage[] kept = [.. _queue.Where(message => !match(message))];
        _queue.Clear();
        foreach (QueuedMessage message in kept)
            _queue.Enqueue(message);
        if (kept.Length == 0 || kept[0] != head)
            _tries = 0;
    }

    private bool IsOffTooLong()
    {
        _offSince ??= _clock.GetTimestamp();
        return _policy.PatienceWhileOff != Timeout.InfiniteTimeSpan && _clock.GetElapsedTime(_offSince.Value) >= _policy.PatienceWhileOff;
    }

    // A connection that is not there yet is waited for, except by the message that finds out which one is.
    private static bool IsTransient(HypercallStatus status, ChannelMessageType type) => status switch
    {
        HypercallStatus.InsufficientMemory or HypercallStatus.InsufficientBuffers => true,
        HypercallStatus.ObjectInUse or HypercallStatus.InvalidSynicState => true,
        HypercallStatus.InvalidConnectionId => type != ChannelMessageType.InitiateContact,
        _ => false,
    };

    private void RemoveHead()
    {
        _queue.Dequeue();
        _tries = 0;
    }
}
