namespace VmBus;

/// <summary>When an adaptive channel changes between deferring its signals and sending them at once.</summary>
/// <remarks>
/// <para>Deferring is worth its wait when a batch builds up meanwhile. While deferring, the batch is there to be
/// counted: packets since the signal before. <see cref="Patience"/> batches in a row under <see cref="FewPackets"/> end
/// it. While signalling at once, the batch that would have built up is counted instead: packets sent in one window.
/// <see cref="Patience"/> windows in a row with <see cref="ManyPackets"/> end it.</para>
/// <para>A packet that is read may be the answer that the next message waited for, so it begins the count anew: a
/// ping-pong, however fast, stays at low latency. Unless <see cref="ManyPackets"/> and more are in flight, sent ahead of
/// what was read: such a stream, with acknowledgements, is put to a trial. One signal is deferred, and
/// <see cref="ManyPackets"/> in that batch end it; after a trial that fails, the patience for the next one is doubled, up to
/// 128 times.</para>
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
