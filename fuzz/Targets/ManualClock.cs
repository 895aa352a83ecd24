namespace VmBus.Fuzz;

/// <summary>A clock that an input moves.</summary>
public sealed class ManualClock : TimeProvider
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365_000);

    private TimeSpan _elapsed;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Moves it on, for up to a thousand years in all.</summary>
    public void Advance(TimeSpan time) => _elapsed = _elapsed + time < Longest ? _elapsed + time : Longest;

    /// <inheritdoc/>
    public override long GetTimestamp() => _elapsed.Ticks;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + _elapsed;
}
