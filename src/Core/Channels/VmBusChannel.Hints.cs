// The latency hint of a channel's monitor: how long the other side may let a monitored signal wait.

namespace VmBus;

partial class VmBusChannel
{
    /// <summary>
    /// Whether the channel has a monitor that is examined. Without one every signal is immediate, whatever the mode.
    /// </summary>
    public bool HasMonitor => _signaler.HasMonitor;

    /// <summary>How long the hypervisor may wait between two looks at this channel's bit.</summary>
    /// <value>In steps of 100 ns, up to 6.5535 ms; zero without a monitor.</value>
    public TimeSpan LatencyHint => _signaler.LatencyHint;

    /// <summary>
    /// Sets the latency hint. The host may clamp it, and applies the lowest of a group of 32 channels to all of them. While low
    /// latency keeps the hint short, the new one is stored, and applied when that ends.
    /// </summary>
    /// <param name="latency">From 100 ns to 6.5535 ms, in steps of 100 ns.</param>
    /// <exception cref="ArgumentOutOfRangeException">Out of that range.</exception>
    /// <exception cref="InvalidOperationException">The channel has no monitor, or its hint is not writable here.</exception>
    /// <exception cref="ObjectDisposedException">The channel is closed.</exception>
    public void SetLatencyHint(TimeSpan latency)
    {
        ThrowIfDisposed();
        _signaler.SetLatencyHint(latency);
    }
}
