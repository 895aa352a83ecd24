// The host's side of an integration component: offers versions, then asks one thing at a time. Mirrors IcPipe of OpenVMM's
// hyperv_ic (common.rs), and what Linux drivers/hv/hv_util.c expects of a host.

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>
/// Sends requests to a guest. It has no thread and no channel: a <see cref="Hosting.IntegrationDevice{THost}"/> runs it.
/// </summary>
/// <remarks>
/// One request is in flight at a time. An answer that arrives after the timeout is ignored. Versions are offered again if the
/// guest did not answer. Use it from one thread at a time.
/// </remarks>
public abstract class IntegrationHost
{
    /// <summary>The default time limit for an answer.</summary>
    public static readonly TimeSpan DefaultAnswerTimeout = TimeSpan.FromSeconds(10);

    private readonly IReadOnlyList<IcVersion> _versions;
    private readonly TimeSpan _answerTimeout;
    private IcMessageHeader? _awaited;
    private long _sentAt;
    private byte _transaction;
    private long _requests;
    private long _answers;
    private long _malformed;
    private long _stray;
    private long _dropped;
    private long _timedOut;

    private protected IntegrationHost(IcMessageType messageType, IReadOnlyList<IcVersion> versions, TimeProvider? clock, TimeSpan? answerTimeout)
    {
        MessageType = messageType;
        _versions = versions;
        Clock = clock ?? TimeProvider.System;
        _answerTimeout = answerTimeout ?? DefaultAnswerTimeout;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(_answerTimeout, TimeSpan.Zero, nameof(answerTimeout));
    }

    /// <summary>The type of the component's requests.</summary>
    internal IcMessageType MessageType { get; }

    /// <summary>Whether versions are negotiated, so that the guest accepts requests.</summary>
    public bool IsReady => State == IntegrationHostState.Ready;

    /// <summary>How far it has come.</summary>
    internal IntegrationHostState State { get; private set; }

    /// <summary>The framework's version agreed on; <see langword="null"/> before.</summary>
    internal IcVersion? FrameworkVersion { get; private set; }

    /// <summary>The messages' version agreed on; <see langword="null"/> before.</summary>
    internal IcVersion? MessageVersion { get; private set; }

    /// <summary>Why nothing can be asked any more: the guest speaks no version, or is gone. <see langword="null"/> as long as it can.</summary>
    private protected Exception? EndedBy { get; private set; }

    /// <summary>How long until <see cref="TryWriteRequest"/> has something to send, unless a new request is queued.</summary>
    /// <value><see cref="Timeout.InfiniteTimeSpan"/> when nothing is due.</value>
    public TimeSpan DueIn
    {
        get
        {
            if (State is IntegrationHostState.Refused or IntegrationHostState.Closed)
                return Timeout.InfiniteTimeSpan;
            if (_awaited is not null)
                return Left(_sentAt, AwaitedTimeout);
            return State == IntegrationHostState.Negotiating ? TimeSpan.Zero : RequestDueIn;
        }
    }

    /// <summary>The clock for periods and timeouts.</summary>
    private protected TimeProvider Clock { get; }

    /// <summary>How long the last answer took.</summary>
    private protected TimeSpan RoundTripTime { get; private set; }

    /// <summary>
    /// How long until the component has a request: zero for now, <see cref="Timeout.InfiniteTimeSpan"/> for never.
    /// </summary>
    private protected abstract TimeSpan RequestDueIn { get; }

    /// <summary>The time limit for the answer to the request in flight.</summary>
    private protected virtual TimeSpan RequestTimeout => _answerTimeout;

    private TimeSpan AwaitedTimeout => _awaited!.Value.MessageType == IcMessageType.Negotiate ? _answerTimeout : RequestTimeout;

    /// <summary>What was counted.</summary>
    internal IntegrationHostStatistics GetStatistics() => new(_requests, _answers, _malformed, _stray, _dropped, _timedOut);

    /// <summary>Writes the next packet to send, if one is due now.</summary>
    /// <param name="packet">Where it goes: 8192 bytes are always enough.</param>
    /// <param name="length">The bytes written: the payload of an in-band packet.</param>
    public bool TryWriteRequest(Span<byte> packet, out int length)
    {
        length = 0;
        if (_awaited is not null)
        {
            if (Left(_sentAt, AwaitedTimeout) > TimeSpan.Zero)
                return false;
            GiveUp();
        }

        var header = new IcMessageHeader { TransactionId = _transaction, Flags = IcMessageFlags.Transaction | IcMessageFlags.Request };
        Span<byte> body = packet[IcPacket.HeadLength..];
        int bodyLength;
        switch (State)
        {
            case IntegrationHostState.Negotiating:
                header.MessageType = IcMessageType.Negotiate;
                bodyLength = WriteOffer(body);
                break;
            case IntegrationHostState.Ready when RequestDueIn == TimeSpan.Zero:
                header.MessageType = MessageType;
                header.FrameworkVersion = FrameworkVersion!.Value;
                header.MessageVersion = MessageVersion!.Value;
                bodyLength = WriteRequest(body);
                break;
            default:
                return false;
        }

        // A stream that is read for it may have closed it.
        if (State == IntegrationHostState.Closed)
            return false;
        length = IcPacket.Write(packet, header, bodyLength);
        _awaited = header;
        _transaction++;
        _sentAt = Clock.GetTimestamp();
        _requests++;
        return true;
    }

    /// <summary>Handles a packet from the guest.</summary>
    /// <param name="packet">The payload of an in-band packet, from <c>vmbuspipe_hdr</c> on.</param>
    /// <returns>Whether it was the expected answer.</returns>
    public bool Handle(ReadOnlySpan<byte> packet)
    {
        if (!IcPacket.TryRead(packet, out IcMessageHeader header, out int bodyLength) || (header.Flags & IcMessageFlags.Response) == 0)
        {
            _dropped++;
            return false;
        }

        if (_awaited is not { } awaited || header.TransactionId != awaited.TransactionId || header.MessageType != awaited.MessageType)
        {
            _stray++;
            return false;
        }

        _awaited = null;
        _answers++;
        RoundTripTime = Clock.GetElapsedTime(_sentAt);
        ReadOnlySpan<byte> body = packet.Slice(IcPacket.HeadLength, bodyLength);
        if (header.MessageType == IcMessageType.Negotiate)
            TakeVersions(body);
        else
            TakeAnswer((IcStatus)header.Status, body);
        return true;
    }

    /// <summary>Reports that the channel is gone: the component sends nothing more, and pending requests fail.</summary>
    /// <param name="reason">The reason.</param>
    public void Close(Exception reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        State = IntegrationHostState.Closed;
        _awaited = null;
        EndedBy = reason;
        Ended(reason);
    }

    /// <summary>A packet that never came to <see cref="Handle"/>: too long, or not in-band.</summary>
    internal void CountDropped() => _dropped++;

    /// <summary>Writes the body of a request that is due; overwrites the span.</summary>
    /// <returns>Its length.</returns>
    private protected abstract int WriteRequest(Span<byte> body);

    /// <summary>Handles the answer to the last request.</summary>
    private protected abstract void TakeAnswer(IcStatus status, ReadOnlySpan<byte> body);

    /// <summary>The last request was not answered in time.</summary>
    private protected abstract void Unanswered();

    /// <summary>No more answers will arrive.</summary>
    private protected virtual void Ended(Exception reason)
    {
    }

    /// <summary>Counts an answer that is too short or invalid.</summary>
    private protected void Malformed() => _malformed++;

    /// <summary>The rest of a time span that began at a timestamp; zero if it has passed.</summary>
    private protected TimeSpan Left(long since, TimeSpan time)
    {
        TimeSpan left = time - Clock.GetElapsedTime(since);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void GiveUp()
    {
        bool offered = _awaited!.Value.MessageType == IcMessageType.Negotiate;
        _awaited = null;
        _timedOut++;
        if (!offered)
            Unanswered();
    }

    private int WriteOffer(Span<byte> body)
    {
        IReadOnlyList<IcVersion> frameworks = IntegrationVersions.Framework;
        var offer = new IcMessageNegotiate { FrameworkVersionCount = (ushort)frameworks.Count, MessageVersionCount = (ushort)_versions.Count };
        MemoryMarshal.Write(body, in offer);
        int length = IcMessageNegotiate.Size;
        foreach (IcVersion version in frameworks.Concat(_versions))
        {
            MemoryMarshal.Write(body[length..], in version);
            length += IcVersion.Size;
        }

        return length;
    }

    private void TakeVersions(ReadOnlySpan<byte> body)
    {
        const int Length = IcMessageNegotiate.Size + 2 * IcVersion.Size;
        IcMessageNegotiate answer = body.Length >= IcMessageNegotiate.Size ? MemoryMarshal.Read<IcMessageNegotiate>(body) : default;
        bool refused = answer is { FrameworkVersionCount: 0, MessageVersionCount: 0 } && body.Length >= IcMessageNegotiate.Size;
        if (answer is { FrameworkVersionCount: 1, MessageVersionCount: 1 } && body.Length >= Length)
        {
            var framework = MemoryMarshal.Read<IcVersion>(body[IcMessageNegotiate.Size..]);
            var message = MemoryMarshal.Read<IcVersion>(body[(IcMessageNegotiate.Size + IcVersion.Size)..]);
            if (IntegrationVersions.Framework.Contains(framework) && _versions.Contains(message))
            {
                FrameworkVersion = framework;
                MessageVersion = message;
                State = IntegrationHostState.Ready;
                return;
            }
        }

        if (!refused)
            Malformed();
        State = IntegrationHostState.Refused;
        EndedBy = new NotSupportedException($"The guest supports none of the versions {string.Join(", ", _versions)} of {MessageType}.");
        Ended(EndedBy);
    }
}
