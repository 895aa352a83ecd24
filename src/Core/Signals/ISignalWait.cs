// The receiving end of a signal: how a channel sleeps until the other side says "look at your ring".

namespace VmBus;

/// <summary>
/// Waits for the other side's signal: an event flag and its interrupt, an eventfd, or a read of a UIO device.
/// </summary>
/// <remarks>
/// A signal that arrives while no thread waits is remembered: the next wait returns at once. Several signals may be
/// folded into one. A waiter must look at its ring after each return, since a wake-up may be spurious.
/// One waiter at a time.
/// </remarks>
internal interface ISignalWait
{
    /// <summary>Blocks until a signal arrives or the time is up. Spins for a bounded time first.</summary>
    /// <param name="timeout">The longest time to block; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    /// <returns><see langword="true"/> when signalled; <see langword="false"/> when the time was up.</returns>
    /// <exception cref="PeerDisconnectedException">The other side is gone, so no signal can come any more.</exception>
    bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>Completes when a signal arrives.</summary>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    /// <returns>A task that completes when signalled.</returns>
    /// <exception cref="PeerDisconnectedException">The other side is gone, so no signal can come any more.</exception>
    ValueTask WaitAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Ends every wait, now and later, with <see cref="PeerDisconnectedException"/>. A signal that is remembered is still
    /// taken first. Any thread, at any time, more than once.
    /// </summary>
    /// <param name="reason">Which peer, and how its end was noticed; or that this side closed.</param>
    void Close(string reason);
}
