// The host's side of time synchronisation: the clock to set first, then samples, every 5 s as OpenVMM's hyperv_ic sends them.

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>Sends the time to a guest.</summary>
public sealed class TimeSyncHost : IntegrationHost
{
    // What stands behind the fields, so that the body's length is a multiple of 8 or 4 as Hyper-V's.
    private const int ReferenceLength = 24;
    private const int OldLength = 28;

    private readonly Func<ulong>? _guestReferenceTime;
    private readonly TimeSpan _period;
    private long _sentAt;
    private bool _sync = true;

    /// <summary>Creates a component that has not negotiated yet.</summary>
    /// <param name="clock">The time to send, and the clock for periods; <see langword="null"/> for the system's.</param>
    /// <param name="guestReferenceTime">
    /// The guest's reference time now, in 100 ns; <see langword="null"/> if it is not available: version 4.0 is then not offered.
    /// </param>
    /// <param name="period">The time between two samples; 5 s by default.</param>
    /// <param name="answerTimeout">
    /// The time limit for an answer; <see cref="IntegrationHost.DefaultAnswerTimeout"/> by default.
    /// </param>
    public TimeSyncHost(TimeProvider? clock = null, Func<ulong>? guestReferenceTime = null, TimeSpan? period = null, TimeSpan? answerTimeout = null)
        : base(IcMessageType.TimeSync, guestReferenceTime is null ? [.. IntegrationVersions.TimeSync.Where(v => v.Major < 4)] : IntegrationVersions.TimeSync, clock, answerTimeout)
    {
        _guestReferenceTime = guestReferenceTime;
        _period = period ?? TimeSpan.FromSeconds(5);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(_period, TimeSpan.Zero, nameof(period));
    }

    /// <summary>The offer of the component's channel.</summary>
    public static HostOffer Offer => IntegrationOffers.TimeSync;

    /// <summary>Messages that the guest answered with success.</summary>
    public long Samples { get; private set; }

    private protected override TimeSpan RequestDueIn => _sync ? TimeSpan.Zero : Left(_sentAt, _period);

    /// <summary>Asks the guest to set its clock now, for example after it was restored or migrated.</summary>
    public void RequestSync() => _sync = true;

    private protected override int WriteRequest(Span<byte> body)
    {
        IcTimeSyncFlags flags = _sync ? IcTimeSyncFlags.Sync : IcTimeSyncFlags.Sample;
        _sync = false;
        _sentAt = Clock.GetTimestamp();
        ulong now = (ulong)Clock.GetUtcNow().ToFileTime();
        body[..OldLength].Clear();
        if (MessageVersion!.Value.Major >= 4)
        {
            var message = new IcTimeSyncReference { ParentTime = now, ReferenceTime = _guestReferenceTime!(), Flags = flags };
            MemoryMarshal.Write(body, in message);
            return ReferenceLength;
        }

        var old = new IcTimeSync { ParentTime = now, RoundTripTime = (ulong)RoundTripTime.Ticks, Flags = flags };
        MemoryMarshal.Write(body, in old);
        return OldLength;
    }

    private protected override void TakeAnswer(IcStatus status, ReadOnlySpan<byte> body)
    {
        if (status == IcStatus.Success)
            Samples++;
    }

    private protected override void Unanswered()
    {
    }
}
