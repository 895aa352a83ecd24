namespace VmBus;

/// <summary>When an adaptive channel switches between deferring its signals and sending them at once.</summary>
/// <remarks>
/// <para>Deferring pays off when a batch builds up during the wait. While the channel defers, it counts the packets of each
/// batch; <see cref="Patience"/> batches in a row under <see cref="FewPackets"/> end deferring. While it signals at once, it
/// counts the packets sent in each window (a deferred batch); <see cref="Patience"/> windows in a row with
/// <see cref="ManyPackets"/> end signalling at once.</para>
/// <para>A packet that is read can be the answer that the next message waited for, so it restarts the count. A ping-pong,
/// however fast, stays at low latency. The exception is a stream with acknowledgements, which has <see cref="ManyPackets"/> or
/// more in flight. It gets a trial: one signal is deferred. If <see cref="ManyPackets"/> arrive in that batch, the channel
/// defers from then on. Each failed trial doubles the patience for the next, up to 128 times.</para>
/// <para>The clock is read only when a signal is sent at once; that signal costs far more than the clock.</para>
/// </remarks>
public sealed record AdaptiveOptions
{
    /// <summary>The defaults.</summary>
    public static AdaptiveOptions Default { get; } = new();

    /// <summary>A deferred batch of fewer packets was not worth waiting for.</summary>
    public int FewPackets { get; init; } = 4;

    /// <summary>
    /// A window with this many packets is worth deferring. Must be above <see cref="FewPackets"/>: the gap is the hysteresis.
    /// </summary>
    public int ManyPackets { get; init; } = 16;

    /// <summary>How many batches or windows in a row must agree before the channel switches.</summary>
    public int Patience { get; init; } = 8;

    /// <summary>The window in which the channel counts packets while it signals at once.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMicroseconds(100);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(FewPackets);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ManyPackets, FewPackets);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Patience);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Window, TimeSpan.Zero);
    }
}
