// How many of this process's mappings a guest's rings take. The kernel gives a process so many (vm.max_map_count, 65530 by
// default) and the runtime ends it when it finds none left; a ring of scattered pages takes two for each page.

namespace VmBus.Hosting;

/// <summary>
/// The mappings that the rings of open channels take, and those that closed ones leave behind: their addresses stay until nothing
/// refers to them, so that a call which races with a close is harmless. Thread-safe.
/// </summary>
/// <remarks>
/// What is left behind goes when the collector comes, which a guest that opens and closes need not wait for. The weight that a
/// retired ring tells the collector (<c>GC.AddMemoryPressure</c>) makes it come sooner, but is an advice and no bound: nothing says
/// when. So the host collects itself before it refuses. That stops all threads for a moment, and a guest must not be able to ask for
/// it at every open: the rule is at <c>IsWorthCollecting</c>.
/// </remarks>
/// <param name="limit">How many there may be.</param>
/// <param name="clock">The clock of <see cref="CollectAgainAfter"/>.</param>
internal sealed class MappingBudget(int limit, TimeProvider clock)
{
    // One collection frees this part of the limit, or is at least paid for by as many closes.
    private const int Part = 8;

    private static readonly TimeSpan CollectAgainAfter = TimeSpan.FromSeconds(1);

    // A finalizer of other code may hang. On a machine with more to do than cores the others take their time.
    private static readonly TimeSpan FinalizerPatience = TimeSpan.FromSeconds(5);

    private readonly Lock _sync = new();
    private int _open;
    private int _retired;
    private int _retiredSince;          // the last collection from here
    private long? _collected;
    private Task _finalizers = Task.CompletedTask;

    /// <summary>How many the rings of open channels take.</summary>
    public int OfOpen
    {
        get
        {
            lock (_sync)
                return _open;
        }
    }

    /// <summary>How many closed rings have left behind.</summary>
    public int OfRetired
    {
        get
        {
            lock (_sync)
                return _retired;
        }
    }

    /// <summary>Takes the most that a ring can need: its control page, and each run of its data twice.</summary>
    /// <param name="frames">The ring's page frames, the control page's first.</param>
    /// <returns>What is to be given back when the ring is retired, and when it is unmapped.</returns>
    /// <exception cref="RefusedException">There is not as much left. Nothing is taken then.</exception>
    public RingShare Take(ReadOnlySpan<ulong> frames)
    {
        int wanted = 1;
        for (int page = 1; page < frames.Length; page++)
            wanted += page == 1 || frames[page] != frames[page - 1] + 1 ? 2 : 0;
        bool isTaken = TryTake(wanted);
        if (!isTaken && IsWorthCollecting(wanted))
        {
            Collect();
            isTaken = TryTake(wanted);
        }
        if (!isTaken)
        {
            lock (_sync)
            {
                throw new RefusedException(
                    $"A ring of {frames.Length} pages needs {wanted} mappings, and the guest's rings already have {_open} of {limit}, closed ones {_retired} more.");
            }
        }
        return new RingShare(this, wanted);
    }

    /// <summary>A ring was closed; its addresses take as many mappings as are left.</summary>
    internal void Retire(int taken, int left)
    {
        lock (_sync)
        {
            _open -= taken;
            _retired += left;
            _retiredSince += left;
        }
    }

    /// <summary>A ring's addresses are gone.</summary>
    internal void Return(int open, int retired)
    {
        lock (_sync)
        {
            _open -= open;
            _retired -= retired;
        }
    }

    private bool TryTake(int wanted)
    {
        lock (_sync)
        {
            if (wanted > limit - _open - _retired)
                return false;
            _open += wanted;
            return true;
        }
    }

    // Where it can help, and enough was closed since the last one to pay for it: a guest near its limit, or a device that keeps what
    // it was given, would otherwise have the host stop at each open. A second later it is tried anyway.
    private bool IsWorthCollecting(int wanted)
    {
        lock (_sync)
        {
            if (_retired == 0 || wanted > limit - _open || !_finalizers.IsCompleted)
                return false;
            if (_retiredSince < Math.Max(1, limit / Part) && _collected is { } at && clock.GetElapsedTime(at) < CollectAgainAfter)
                return false;
            _retiredSince = 0;
            _collected = clock.GetTimestamp();
            return true;
        }
    }

    // Rings are unmapped by the finalizers of their handles, which are waited for until all have run: where one sufficed, the next ring
    // of the same open would find no room, and a collection that was made just now.
    private void Collect()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: false);
        _finalizers = Task.Run(GC.WaitForPendingFinalizers);
        _finalizers.Wait(FinalizerPatience);
    }
}
