// The guest's side of an integration component: a request in, an answer out. Mirrors the channel callbacks of Linux
// drivers/hv/hv_util.c and vmbus_prep_negotiate_resp (drivers/hv/channel_mgmt.c).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>Answers a host's requests. It has no thread and no channel: see <see cref="RunAsync"/>.</summary>
/// <remarks>
/// <para>An answer is the request's packet with new flags, a status and the component's data. A packet that is not a
/// request (too short for its headers, or an answer) is dropped. A request of another type, or before the versions were
/// negotiated, or too short for its body is answered with <see cref="IcStatus.Fail"/>, so the host does not wait.</para>
/// <para>Use it from one thread at a time. An exception from a handler propagates to the caller.</para>
/// </remarks>
public abstract class IntegrationGuest
{
    // IC_VERSION_NEGOTIATION_MAX_VER_COUNT
    private const int MaxVersionCount = 100;

    private readonly IReadOnlyList<IcVersion> _versions;
    private long _negotiations;
    private long _answers;
    private long _refused;
    private long _malformed;
    private long _dropped;

    private protected IntegrationGuest(IcMessageType messageType, IReadOnlyList<IcVersion> versions)
    {
        MessageType = messageType;
        _versions = versions;
    }

    /// <summary>The type of the component's requests.</summary>
    internal IcMessageType MessageType { get; }

    /// <summary>The framework's version agreed on; <see langword="null"/> before and after a refusal.</summary>
    internal IcVersion? FrameworkVersion { get; private set; }

    /// <summary>The messages' version agreed on; <see langword="null"/> before and after a refusal.</summary>
    internal IcVersion? MessageVersion { get; private set; }

    /// <summary>What was counted.</summary>
    internal IntegrationGuestStatistics GetStatistics() => new(_negotiations, _answers, _refused, _malformed, _dropped);

    /// <summary>Answers requests until the host is gone, the channel is closed or the token is cancelled. Call it once.</summary>
    /// <param name="channel">An open channel that has no other user. It is not disposed.</param>
    /// <param name="clock">The component's own clock; <see langword="null"/> for the system's.</param>
    /// <param name="cancellationToken">Cancels it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="RingCorruptException">The host wrote an invalid value into a ring.</exception>
    public Task RunAsync(VmBusChannel channel, TimeProvider? clock = null, CancellationToken cancellationToken = default) =>
        new IntegrationGuestService(channel, this, clock).RunAsync(cancellationToken);

    /// <summary>
    /// <see cref="RunAsync"/> on the calling thread. For channels whose waits block a thread anyway, as on a UIO device: a
    /// wake-up then goes directly to the thread that answers. Call it once.
    /// </summary>
    /// <param name="channel">An open channel that has no other user. It is not disposed.</param>
    /// <param name="clock">The component's own clock; <see langword="null"/> for the system's.</param>
    /// <param name="cancellationToken">Cancels it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="RingCorruptException">The host wrote an invalid value into a ring.</exception>
    public void Run(VmBusChannel channel, TimeProvider? clock = null, CancellationToken cancellationToken = default) =>
        new IntegrationGuestService(channel, this, clock).Run(cancellationToken);

    /// <summary>Handles a packet and writes its answer.</summary>
    /// <param name="packet">The payload of an in-band packet, from <c>vmbuspipe_hdr</c> on.</param>
    /// <param name="answer">Where the answer goes: at least as long as the packet.</param>
    /// <returns>Bytes of the answer; 0 if the packet gets none.</returns>
    /// <exception cref="ArgumentException">The answer does not fit.</exception>
    public int Handle(ReadOnlySpan<byte> packet, Span<byte> answer)
    {
        if (!IcPacket.TryRead(packet, out IcMessageHeader header, out int bodyLength) || (header.Flags & IcMessageFlags.Response) != 0)
        {
            _dropped++;
            return 0;
        }

        if (answer.Length < packet.Length)
            throw new ArgumentException($"The answer needs {packet.Length} bytes; the buffer has {answer.Length}.", nameof(answer));
        packet.CopyTo(answer);
        Span<byte> body = answer.Slice(IcPacket.HeadLength, bodyLength);
        header.Status = (uint)Answer(ref header, body);
        header.Flags = IcMessageFlags.Transaction | IcMessageFlags.Response;
        IcPacket.WriteHeader(answer, header);
        return packet.Length;
    }

    /// <summary>How long until <see cref="DoWhatIsDue"/> has work to do, unless a request arrives earlier.</summary>
    /// <value><see cref="Timeout.InfiniteTimeSpan"/> when nothing is due.</value>
    public virtual TimeSpan DueIn => Timeout.InfiniteTimeSpan;

    /// <summary>Does the timed work that is due, if any.</summary>
    public virtual void DoWhatIsDue()
    {
    }

    /// <summary>Reports that the answer was sent: runs the actions that must follow the answer.</summary>
    public virtual void AnswerSent()
    {
    }

    /// <summary>Reports that no more requests will arrive: cancels the work in progress.</summary>
    public virtual void Close()
    {
    }

    /// <summary>A packet that never came to <see cref="Handle"/>: too long, or not in-band.</summary>
    internal void CountDropped() => _dropped++;

    /// <summary>Called when the host negotiates, for the first time or again.</summary>
    private protected virtual void Negotiating()
    {
    }

    /// <summary>Answers a request of the component's type.</summary>
    /// <param name="body">The request's body; overwritten with the answer's.</param>
    private protected abstract IcStatus Respond(Span<byte> body);

    /// <summary>Counts a request whose body is too short or invalid.</summary>
    private protected IcStatus Malformed(IcStatus status = IcStatus.Fail)
    {
        _malformed++;
        return status;
    }

    /// <summary>Counts a request that is not allowed now.</summary>
    private protected IcStatus OutOfOrder()
    {
        _refused++;
        return IcStatus.Fail;
    }

    private IcStatus Answer(ref IcMessageHeader header, Span<byte> body)
    {
        if (header.MessageType == IcMessageType.Negotiate)
            return Negotiate(ref header, body);
        if (header.MessageType != MessageType || MessageVersion is null)
            return OutOfOrder();

        _answers++;
        return Respond(body);
    }

    private IcStatus Negotiate(ref IcMessageHeader header, Span<byte> body)
    {
        FrameworkVersion = MessageVersion = null;
        Negotiating();
        if (body.Length < IcMessageNegotiate.Size)
            return Malformed();
        var offer = MemoryMarshal.Read<IcMessageNegotiate>(body);
        int frameworks = offer.FrameworkVersionCount, messages = offer.MessageVersionCount;
        var none = new IcMessageNegotiate { Reserved = offer.Reserved };
        MemoryMarshal.Write(body, in none);
        Span<byte> list = body[IcMessageNegotiate.Size..];
        if (frameworks > MaxVersionCount || messages > MaxVersionCount || (frameworks + messages) * IcVersion.Size > list.Length)
            return Malformed();

        Span<IcVersion> versions = stackalloc IcVersion[frameworks + messages];
        list[..(versions.Length * IcVersion.Size)].CopyTo(MemoryMarshal.AsBytes(versions));
        if (!IntegrationVersions.TryFindCommon(IntegrationVersions.Framework, versions[..frameworks], out IcVersion framework)
            || !IntegrationVersions.TryFindCommon(_versions, versions[frameworks..], out IcVersion message))
        {
            _refused++;
            return IcStatus.Success;
        }

        // Both were found, so there is room for one of each.
        var agreed = none with { FrameworkVersionCount = 1, MessageVersionCount = 1 };
        MemoryMarshal.Write(body, in agreed);
        MemoryMarshal.Write(list, in framework);
        MemoryMarshal.Write(list[IcVersion.Size..], in message);
        header.MessageLength = IcMessageNegotiate.Size + 2 * IcVersion.Size;
        FrameworkVersion = framework;
        MessageVersion = message;
        _negotiations++;
        return IcStatus.Success;
    }
}
