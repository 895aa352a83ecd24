// The host's side of heartbeats, every 2 s as Hyper-V's (Linux drivers/hv/hv_util.c tells of them).

using System.Buffers.Binary;

namespace VmBus.Integration;

/// <summary>Sends heartbeats and checks that they are answered.</summary>
public sealed class HeartbeatHost : IntegrationHost
{
    private readonly TimeSpan _period;
    private long _beatAt;
    private bool _begun;
    private ulong _sequenceNumber;

    /// <summary>Creates a component that has not negotiated yet.</summary>
    /// <param name="clock">The clock; <see langword="null"/> for the system's.</param>
    /// <param name="period">The time between two heartbeats; 2 s by default.</param>
    /// <param name="answerTimeout">
    /// The time after which a heartbeat counts as missed; <see cref="IntegrationHost.DefaultAnswerTimeout"/> by default.
    /// </param>
    public HeartbeatHost(TimeProvider? clock = null, TimeSpan? period = null, TimeSpan? answerTimeout = null)
        : base(IcMessageType.Heartbeat, IntegrationVersions.Heartbeat, clock, answerTimeout)
    {
        _period = period ?? TimeSpan.FromSeconds(2);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(_period, TimeSpan.Zero, nameof(period));
    }

    /// <summary>The offer of the component's channel.</summary>
    public static HostOffer Offer => IntegrationOffers.Heartbeat;

    /// <summary>Heartbeats that were answered.</summary>
    public long Beats { get; private set; }

    /// <summary>Heartbeats that were answered late, incorrectly or not at all.</summary>
    public long Missed { get; private set; }

    /// <summary>Whether the last heartbeat that was answered or missed was answered.</summary>
    public bool IsAlive { get; private set; }

    /// <summary>The state that the guest reports.</summary>
    public IcGuestState GuestState { get; private set; }

    private protected override TimeSpan RequestDueIn => _begun ? Left(_beatAt, _period) : TimeSpan.Zero;

    private protected override int WriteRequest(Span<byte> body)
    {
        _begun = true;
        _beatAt = Clock.GetTimestamp();
        body[..IcHeartbeat.Size].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(body, _sequenceNumber);
        return IcHeartbeat.Size;
    }

    private protected override void TakeAnswer(IcStatus status, ReadOnlySpan<byte> body)
    {
        bool isRight = body.Length >= sizeof(ulong) && BinaryPrimitives.ReadUInt64LittleEndian(body) == _sequenceNumber + 1;
        if (status == IcStatus.Success && !isRight)
            Malformed();
        Decide(status == IcStatus.Success && isRight);
        if (IsAlive && body.Length >= sizeof(ulong) + sizeof(uint))
            GuestState = (IcGuestState)BinaryPrimitives.ReadUInt32LittleEndian(body[sizeof(ulong)..]);
    }

    private protected override void Unanswered() => Decide(false);

    private protected override void Ended(Exception reason) => IsAlive = false;

    private void Decide(bool answered)
    {
        // An answer that comes too late must not pass for the next beat's.
        _sequenceNumber += 2;
        IsAlive = answered;
        if (answered)
            Beats++;
        else
            Missed++;
    }
}
