// The guest's side of time synchronisation. Mirrors timesync_onchannelcallback, adj_guesttime and hv_get_adj_host_time
// (Linux drivers/hv/hv_util.c).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>Receives the host's time and computes its offset from this side's clock. Sets no clock.</summary>
public sealed class TimeSyncGuest : IntegrationGuest
{
    /// <summary>The maximum age of a usable sample: <c>HOST_TIMESYNC_DELAY_THRESH</c>, 600 s.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(600);

    private readonly TimeProvider _clock;
    private readonly Func<ulong>? _referenceTime;
    private readonly Action<TimeSample>? _sampled;
    private long _sampledAt;

    /// <summary>Creates a component that has not negotiated yet.</summary>
    /// <param name="clock">This side's clock; <see langword="null"/> for the system's.</param>
    /// <param name="referenceTime">
    /// The partition's reference time in 100 ns (<c>hv_read_reference_counter</c>), which gives the age of a message
    /// from version 4.0 on; <see langword="null"/> if it cannot be read: messages then count as new.
    /// </param>
    /// <param name="sampled">Called with each sample, before it is answered.</param>
    public TimeSyncGuest(TimeProvider? clock = null, Func<ulong>? referenceTime = null, Action<TimeSample>? sampled = null)
        : base(IcMessageType.TimeSync, IntegrationVersions.TimeSync)
    {
        _clock = clock ?? TimeProvider.System;
        _referenceTime = referenceTime;
        _sampled = sampled;
    }

    /// <summary>The host's last sample; <see langword="null"/> before the first one.</summary>
    public TimeSample? LastSample { get; private set; }

    /// <summary>Computes the host's current time from its last sample and the time since then.</summary>
    /// <param name="hostTime">The host's time.</param>
    /// <returns><see langword="false"/> without a sample, or if the sample is older than <see cref="MaxAge"/>.</returns>
    public bool TryGetHostTime(out DateTimeOffset hostTime)
    {
        TimeSpan since = _clock.GetElapsedTime(_sampledAt);
        bool known = LastSample is not null && since <= MaxAge && LastSample.Value.HostTime <= DateTimeOffset.MaxValue - since;
        hostTime = known ? LastSample!.Value.HostTime + since : default;
        return known;
    }

    private protected override IcStatus Respond(Span<byte> body)
    {
        if (MessageVersion!.Value.Major >= 4)
        {
            if (body.Length < IcTimeSyncReference.Size)
                return Malformed();
            var message = MemoryMarshal.Read<IcTimeSyncReference>(body);
            Int128 age = _referenceTime is null ? 0 : (Int128)_referenceTime() - message.ReferenceTime;
            return Sample(message.ParentTime, age, message.Flags, message.LeapIndicator, message.Stratum);
        }

        if (body.Length < IcTimeSync.Size)
            return Malformed();
        var old = MemoryMarshal.Read<IcTimeSync>(body);
        return Sample(old.ParentTime, 0, old.Flags, 0, 0);
    }

    private IcStatus Sample(ulong parentTime, Int128 age, IcTimeSyncFlags flags, byte leapIndicator, byte stratum)
    {
        // What a probe carries is not meant to be used.
        if ((flags & (IcTimeSyncFlags.Sync | IcTimeSyncFlags.Sample)) == 0)
            return IcStatus.Success;

        // A message from the future was sent by a host that does not know this guest's reference time.
        Int128 time = DateTime.FromFileTimeUtc(0).Ticks + (Int128)parentTime + age;
        if (age < 0 || age > MaxAge.Ticks || time > DateTime.MaxValue.Ticks)
            return Malformed(IcStatus.InvalidArgument);
        DateTimeOffset now = _clock.GetUtcNow();
        var hostTime = new DateTimeOffset((long)time, TimeSpan.Zero);
        _sampledAt = _clock.GetTimestamp();
        var sample = new TimeSample(hostTime, hostTime - now, new TimeSpan((long)age), (flags & IcTimeSyncFlags.Sync) != 0, leapIndicator, stratum);
        LastSample = sample;
        _sampled?.Invoke(sample);
        return IcStatus.Success;
    }
}
