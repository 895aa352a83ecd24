namespace VmBus;

/// <summary>When an adaptive channel changes between deferring its signals and sending them at once.</summary>
/// <remarks>
/// <para>Deferring is worth its wait when a batch builds up meanwhile. While deferring, the batch is there to be
/// counted: packets since the signal before. <see cref="Patience"/> batches in a row under <see cref="FewPackets"/> end
/// it. While signalling at once, the batch that would have built up is counted instead: packets sent in one window
/// without anything read in between. A sender that waits for an answer to each message never sends two, so a
/// ping-pong, however fast, stays at low latency. <see cref="Patience"/> windows in a row with
/// <see cref="ManyPackets"/> end it.</para>
/// <para>Time is read only when a signal is sent at once, which costs far more than a clock.</para>
/// </remarks>
public sealed record AdaptiveOptions
{
    /// <summary>The documented defaults.</summary>
    public static AdaptiveOptions Default { get; } = new();

    /// <summary>A deferred batch of fewer packets was not worth waiting for.</summary>
    public int FewPackets { get; init; } = 4;

    /// <summary>A window with this many packets is worth deferring. More than <see cref="FewPackets"/>: the gap is the hysteresis.</summary>
    public int ManyPackets { get; init; } = 16;

    /// <summary>How many batches or windows in a row must say the same before the channel changes.</summary>
    public int Patience { get; init; } = 8;

    /// <summary>The window in which packets are counted while signalling at once.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMicroseconds(100);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(FewPackets);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ManyPackets, FewPackets);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Patience);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Window, TimeSpan.Zero);
    }
}
