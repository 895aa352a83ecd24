// A channel has one signal for two things: packets came, room came. When a reader and a writer wait at the same time,
// one waits for the signal and wakes the other.

using VmBus.Signals;

namespace VmBus.Channels;

/// <summary>Shares one <see cref="ISignalWait"/> between the reader and the writer of a channel.</summary>
/// <remarks>Every return only means "look again".</remarks>
internal sealed class SignalFanout(ISignalWait wait) : IDisposable
{
    private readonly SemaphoreSlim _follower = new(0);
    private int _leading;
    private int _followers;
    private long _signals;

    /// <summary>Signals that ended a wait: what Linux counts as a channel's interrupts.</summary>
    public long Signals => Volatile.Read(ref _signals);

    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _leading, 1) == 0)
        {
            try
            {
                bool signalled = wait.Wait(timeout, cancellationToken);
                if (signalled)
                    _signals++;
                return signalled;
            }
            finally
            {
                StopLeading();
            }
        }

        Interlocked.Increment(ref _followers);
        try
        {
            // The leader may have left before it could see this follower: then there is nobody to wait for.
            return Volatile.Read(ref _leading) == 0 || _follower.Wait(timeout, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _followers);
        }
    }

    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _leading, 1) == 0)
        {
            try
            {
                await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
                _signals++;
            }
            finally
            {
                StopLeading();
            }

            return;
        }

        Interlocked.Increment(ref _followers);
        try
        {
            if (Volatile.Read(ref _leading) != 0)
                await _follower.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _followers);
        }
    }

    public void Dispose() => _follower.Dispose();

    private void StopLeading()
    {
        // The exchange fences: either a follower sees that nobody leads, or it is seen here. It may need the signal
        // this leader took, or has to lead from now on.
        Interlocked.Exchange(ref _leading, 0);
        if (Volatile.Read(ref _followers) > 0)
            _follower.Release();
    }
}
