// How writers are kept apart, and how the ring ends: both take a call off the hot path by RingGuard.

using System.Runtime.CompilerServices;

namespace VmBus;

unsafe partial class OutgoingRing
{
    /// <summary>The ring a batch writes to: this one, entered, or without a reader one that is always full.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private OutgoingRing EnterForBatch()
    {
        if (IsPeerGone)
            return FullRing.Instance;
        EnterGuarded();
        return this;
    }

    /// <summary>
    /// The ring's channel is closed: each later call throws <see cref="ObjectDisposedException"/>, and so does the commit of an
    /// open batch. Any thread, at any time: a call that races with it may still write, into memory that is no longer read.
    /// </summary>
    internal void End() => Guard(RingGuard.Ended);

    /// <summary>The reader is gone for good: each later write finds no room. Any thread, at any time.</summary>
    internal void PeerGone() => Guard(RingGuard.PeerGone);

    private void Guard(RingGuard guard) => Interlocked.Or(ref Unsafe.As<RingGuard, int>(ref _guard), (int)guard);

    private bool IsPeerGone => (_guard & (RingGuard.PeerGone | RingGuard.Ended)) == RingGuard.PeerGone;

    internal void Enter()
    {
        if (_guard != RingGuard.None)
            EnterGuarded();
    }

    internal void Exit()
    {
        if (_guard != RingGuard.None)
            ExitGuarded();
    }

    /// <summary>Leaves without a word of the channel's end: for what undoes.</summary>
    internal void ExitQuietly()
    {
        if ((_guard & RingGuard.MultiProducer) != 0)
            Volatile.Write(ref _lock, 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EnterGuarded()
    {
        ThrowIfEnded();
        if ((_guard & RingGuard.MultiProducer) == 0)
            return;
        SpinWait spin = default;
        while (Interlocked.CompareExchange(ref _lock, 1, 0) != 0)
        {
            spin.SpinOnce(sleep1Threshold: -1);
            ThrowIfEnded();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ExitGuarded()
    {
        ExitQuietly();
        ThrowIfEnded();
    }

    private void ThrowIfEnded()
    {
        if ((_guard & RingGuard.Ended) != 0)
            throw new ObjectDisposedException(null, "The channel is closed.");
    }

    /// <summary>What batches are begun on once the reader is gone. Apart, so that the ring's own statics need no initialization.</summary>
    private static class FullRing
    {
        public static readonly OutgoingRing Instance = new(RingMemory.Allocate(RingMemory.PageSize)) { _guard = RingGuard.PeerGone, _room = 0 };
    }
}
