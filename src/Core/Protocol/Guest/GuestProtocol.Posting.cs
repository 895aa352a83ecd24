// Messages on their way to the host, and what follows when one arrives or does not.

using System.Buffers.Binary;
using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class GuestProtocol
{
    private const int RelidOffset = ChannelMessageHeader.Size;
    private const int GpadlOffset = ChannelMessageHeader.Size + sizeof(uint);

    private readonly MessageOutbox _outbox;
    private readonly Queue<byte[]> _held = [];       // what waits for the end of a pause
    private QueuedMessage? _posting;
    private uint _messageConnection;

    /// <summary>The connection messages are posted to.</summary>
    internal uint MessageConnectionId => _messageConnection;

    /// <summary>How many messages wait to be posted, those that wait for the end of a pause included.</summary>
    public int WaitingPosts => _outbox.Count + _held.Count;

    /// <summary>Looks at the next message to post, if it is due. After it was posted, <see cref="CompletePost"/> must be called.</summary>
    /// <param name="message">The message, and the connection to post it to.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryPeekPost(out QueuedMessage message)
    {
        bool isDue = _outbox.TryPeek(out message);
        if (isDue)
            _posting = message;
        return isDue;
    }

    /// <summary>
    /// Says how the post of the message went that <see cref="TryPeekPost"/> gave last. What it gave may have become void
    /// since, by an unload or a timeout: then it changes nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">No message was given.</exception>
    public void CompletePost(HypercallStatus status)
    {
        QueuedMessage message = _posting ?? throw new InvalidOperationException("No message was dequeued, so none was posted.");
        _posting = null;
        if (_outbox.Count == 0 || !ReferenceEquals(_outbox.Waiting.First(), message))
            return;
        switch (_outbox.Complete(status))
        {
            case PostOutcome.Delivered:
                Delivered(message);
                break;
            case PostOutcome.GivenUp:
                GivenUp(message, status);
                break;
        }
    }

    private void Post(byte[] message)
    {
        if (State is GuestConnectionState.Pausing or GuestConnectionState.Paused)
            _held.Enqueue(message);
        else
            PostNow(message);
    }

    private void Post<T>(ChannelMessageType type, in T message, int length = -1) where T : unmanaged => Post(ChannelMessages.ToBytes(type, message, length));

    private void PostNow(byte[] message) => _outbox.Enqueue(new QueuedMessage(message, _messageConnection));

    // An answer may be here before the post has returned, but not before it has begun.
    private bool IsUnposted(ChannelMessageType type) => _outbox.Waiting.Any(message => message.Type == type && !ReferenceEquals(message, _posting));

    private void PostHeld()
    {
        while (_held.TryDequeue(out byte[]? message))
            PostNow(message);
    }

    // Of all that waits to be posted, the one thing that the host can make more of without being asked. Counted only when there
    // can be too many.
    private int WaitingReleases()
    {
        if (WaitingPosts < (int)GuestProtocolOptions.MaxRelid)
            return 0;
        return _outbox.Waiting.Count(message => message.Type == ChannelMessageType.RelidReleased)
            + _held.Count(message => ChannelMessages.Read<ChannelMessageHeader>(message).MessageType == ChannelMessageType.RelidReleased);
    }

    // The close of a reserved channel that has outlived its connection is no part of the next.
    private void DropPosts()
    {
        _outbox.RemoveAll(message => message.Type != ChannelMessageType.CloseReservedChannel || StateOf(WordAt(message, RelidOffset)) != GuestChannelState.Closing);
        _held.Clear();
    }

    // Two messages have an end without an answer, in versions that do not know one.
    private void Delivered(QueuedMessage message)
    {
        if (message.Type == ChannelMessageType.ModifyChannel && !Negotiated.AnswersModifyChannel)
            Finish(RequestKind.ModifyChannel, WordAt(message, RelidOffset), RequestResult.Success);
        else if (message.Type == ChannelMessageType.Unload && State == GuestConnectionState.Unloading && !_isUnloadAnswered)
            EndUnload(RequestOutcome.Completed);
    }

    private void GivenUp(QueuedMessage message, HypercallStatus status)
    {
        uint relid = message.Bytes.Length >= GpadlOffset ? WordAt(message, RelidOffset) : 0;
        switch (message.Type)
        {
            case ChannelMessageType.InitiateContact:
                ContactNotPosted(status);
                break;
            case ChannelMessageType.RequestOffers:
                _areOffersRequested = false;
                if (!Finish(RequestKind.Offers, 0, RequestOutcome.NotPosted))
                    Emit(new GuestEvent.NotPosted(message.Type, 0, status));
                break;
            case ChannelMessageType.GpadlHeader or ChannelMessageType.GpadlBody:
                GpadlNotPosted(WordAt(message, GpadlOffset));
                break;
            case ChannelMessageType.GpadlTeardown:
                TeardownNotPosted(WordAt(message, GpadlOffset));
                break;
            case ChannelMessageType.OpenChannel or ChannelMessageType.OpenReservedChannel:
                OpenNotPosted(relid);
                break;
            case ChannelMessageType.CloseReservedChannel:
                CloseReservedNotPosted(relid, status);
                break;
            case ChannelMessageType.ModifyChannel:
                ModifyNotPosted(relid);
                break;
            case ChannelMessageType.TlConnectRequest:
                TransportNotPosted(ChannelMessages.Read<TlConnectRequest>(message.Bytes.Span));
                break;
            case ChannelMessageType.ModifyConnection:
                ModifyConnectionNotPosted();
                break;
            case ChannelMessageType.Pause:
                PauseNotPosted();
                break;
            case ChannelMessageType.Resume:
                ResumeNotPosted(status);
                break;
            case ChannelMessageType.Unload:
                UnloadNotPosted();
                break;
            default:
                Emit(new GuestEvent.NotPosted(message.Type, relid, status));
                break;
        }
    }

    private static uint WordAt(QueuedMessage message, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(message.Bytes.Span[offset..]);
}
