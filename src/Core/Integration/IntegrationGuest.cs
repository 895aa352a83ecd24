// The guest's side of an integration component: a request in, an answer out. Mirrors the channel callbacks of Linux
// drivers/hv/hv_util.c and vmbus_prep_negotiate_resp (drivers/hv/channel_mgmt.c).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>Answers a host's requests. No threads and no channel of its own: see <see cref="RunAsync"/>.</summary>
/// <remarks>
/// <para>An answer is the request's packet with its flags, its status and what the component fills in. A packet that is no
/// request (too short for its headers, or an answer) is dropped. A request of another type, or before versions were agreed
/// on, or too short for its body is answered with <see cref="IcStatus.Fail"/>, so that the host need not wait.</para>
/// <para>One thread at a time. What a handler throws comes out of the call that ran it.</para>
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

    /// <summary>Answers requests until the host is gone, the channel is closed or the token says so. To be called once.</summary>
    /// <param name="channel">An open channel that is used for nothing else. It is not disposed.</param>
    /// <param name="clock">The component's own clock; <see langword="null"/> for the system's.</param>
    /// <param name="cancellationToken">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="RingCorruptException">The host wrote something impossible into a ring.</exception>
    public Task RunAsync(VmBusChannel channel, TimeProvider? clock = null, CancellationToken cancellationToken = default) =>
        new IntegrationGuestService(channel, this, clock).RunAsync(cancellationToken);

    /// <summary>
    /// <see cref="RunAsync"/> on the calling thread, for channels whose waits take a thread in any case, as on a UIO device: a
    /// wake-up then goes straight to the thread that answers. To be called once.
    /// </summary>
    /// <param name="channel">An open channel that is used for nothing else. It is not disposed.</param>
    /// <param name="clock">The component's own clock; <see langword="null"/> for the system's.</param>
    /// <param name="cancellationToken">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="RingCorruptException">The host wrote something impossible into a ring.</exception>
    public void Run(VmBusChannel channel, TimeProvider? clock = null, CancellationToken cancellationToken = default) =>
        new IntegrationGuestService(channel, this, clock).Run(cancellationToken);

    /// <summary>Takes a packet and makes its answer.</summary>
    /// <param name="packet">The payload of an in-band packet, from <c>vmbuspipe_hdr</c> on.</param>
    /// <param name="answer">Where the answer goes: as long as the packet at least.</param>
    /// <returns>Bytes of the answer; 0 when the packet gets none.</returns>
    /// <exception cref="ArgumentException">The answer has no room.</exception>
    public int Handle(ReadOnlySpan<byte> packet, Span<byte> answer)
    {
        if (!IcPacket.TryRead(packet, out IcMessageHeader header, out int bodyLength) || (header.Flags & IcMessageFlags.Response) != 0)
        {
            _dropped++;
            return 0;
        }

        if (answer.Length < packet.Length)
            throw new ArgumentException($"The answer takes {packet.Length} bytes; there are {answer.Length}.", nameof(answer));
        packet.CopyTo(answer);
        Span<byte> body = answer.Slice(IcPacket.HeadLength, bodyLength);
        header.Status = (uint)Answer(ref header, body);
        header.Flags = IcMessageFlags.Transaction | IcMessageFlags.Response;
        IcPacket.WriteHeader(answer, header);
        return packet.Length;
    }

    /// <summary>How long until <see cref="DoWhatIsDue"/> has something to do, unless a request comes before.</summary>
    /// <value><see cref="Timeout.InfiniteTimeSpan"/> when nothing is due.</value>
    public virtual TimeSpan DueIn => Timeout.InfiniteTimeSpan;

    /// <summary>Does what is due by time, if anything is.</summary>
    public virtual void DoWhatIsDue()
    {
    }

    /// <summary>Says that the answer is on its way: runs what must not come before it.</summary>
    public virtual void AnswerSent()
    {
    }

    /// <summary>Says that no more requests will come: gives up what is under way.</summary>
    public virtual void Close()
    {
    }

    /// <summary>A packet that never came to <see cref="Handle"/>: too long, or not in-band.</summary>
    internal void CountDropped() => _dropped++;

    /// <summary>The host negotiates, for the first time or again.</summary>
    private protected virtual void Negotiating()
    {
    }

    /// <summary>Answers a request of the component's type.</summary>
    /// <param name="body">The request's body, to be made the answer's.</param>
    private protected abstract IcStatus Respond(Span<byte> body);

    /// <summary>Counts a request whose body is too short or impossible.</summary>
    private protected IcStatus Malformed(IcStatus status = IcStatus.Fail)
    {
        _malformed++;
        return status;
    }

    /// <summary>Counts a request that may not come now.</summary>
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
