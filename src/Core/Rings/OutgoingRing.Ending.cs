// How writers are kept apart, and how the ring ends: both take a call off the hot path by RingGuard.

using System.Runtime.CompilerServices;

namespace VmBus;

unsafe partial class OutgoingRing
{
    private const int ShortSteps = 100;

    private int _batchThread;   // with several producers, the thread whose batch holds the lock; 0 for none

    /// <summary>The ring a batch writes to: this one, entered, or without a reader one that is always full.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private OutgoingRing EnterForBatch()
    {
        if (IsPeerGone)
            return FullRing.Instance;
        EnterGuarded();
        if (_batchOpen != 0)
            ThrowBatchOpen();
        _batchOpen = 1;
        if ((_guard & RingGuard.MultiProducer) != 0)
            _batchThread = Environment.CurrentManagedThreadId;
        return this;
    }

    /// <summary>The batch was committed: the ring is free for the next writer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EndBatch()
    {
        _batchOpen = 0;
        if (_guard != RingGuard.None)
            ExitGuarded();
    }

    /// <summary>Discards what the batch appended, and frees the ring without checking for the channel's end.</summary>
    internal void GiveUpBatch()
    {
        Revert();
        _batchOpen = 0;
        ExitQuietly();
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

    /// <summary>Leaves without checking for the channel's end: for undoing.</summary>
    internal void ExitQuietly()
    {
        if ((_guard & RingGuard.MultiProducer) == 0)
            return;
        _batchThread = 0;
        Volatile.Write(ref _lock, 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EnterGuarded()
    {
        ThrowIfEnded();
        if ((_guard & RingGuard.MultiProducer) == 0)
            return;
        if (Interlocked.CompareExchange(ref _lock, 1, 0) != 0)
            WaitToEnter();
    }

    // A holder copies one packet: wait in short steps that only read. A holder that takes longer has lost its core, or has a
    // batch open: wait in ever longer steps that yield this core.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WaitToEnter()
    {
        // Only this thread writes its own number there: it would wait for itself.
        if (_batchThread == Environment.CurrentManagedThreadId)
            ThrowBatchOpen();
        int steps = 0;
        SpinWait spin = default;
        do
        {
            do
            {
                if (++steps <= ShortSteps)
                    Thread.SpinWait(1);
                else
                    spin.SpinOnce(sleep1Threshold: -1);
                ThrowIfEnded();
            }
            while (Volatile.Read(ref _lock) != 0);
        }
        while (Interlocked.CompareExchange(ref _lock, 1, 0) != 0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ExitGuarded()
    {
        ExitQuietly();
        ThrowIfEnded();
    }

    private static void ThrowBatchOpen() => throw new InvalidOperationException("A batch is open: write through it, or commit or dispose it first.");

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
