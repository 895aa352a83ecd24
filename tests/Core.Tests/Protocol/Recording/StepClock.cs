namespace VmBus.Core.Tests.Protocol.Recording;

/// <summary>A clock of units of 100 ns that goes where it is told, back too.</summary>
internal sealed class StepClock : TimeProvider
{
    public static readonly DateTimeOffset Start = new(2025, 3, 14, 15, 9, 26, TimeSpan.Zero);

    private long _ticks = 1_000_000;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _ticks;

    public override DateTimeOffset GetUtcNow() => Start;

    public void Advance(long ticks) => _ticks += ticks;
}
