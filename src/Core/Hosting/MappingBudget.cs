// How many of this process's mappings a guest's rings take. The kernel gives a process so many (vm.max_map_count, 65530 by
// default) and the runtime ends it when it finds none left; a ring of scattered pages takes two for each page.

namespace VmBus.Hosting;

/// <summary>The mappings that the rings of open channels take. Thread-safe: a ring may be kept longer than its channel.</summary>
/// <param name="limit">How many there may be.</param>
internal sealed class MappingBudget(int limit)
{
    private int _taken;

    /// <summary>How many are taken.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>Takes the most that a ring can need: its control page, and each run of its data twice.</summary>
    /// <param name="frames">The ring's page frames, the control page's first.</param>
    /// <returns>Disposed to give it back.</returns>
    /// <exception cref="RefusedException">There is not as much left. Nothing is taken then.</exception>
    public IDisposable Take(ReadOnlySpan<ulong> frames)
    {
        int wanted = 1;
        for (int page = 1; page < frames.Length; page++)
            wanted += page == 1 || frames[page] != frames[page - 1] + 1 ? 2 : 0;
        if (Interlocked.Add(ref _taken, wanted) > limit)
        {
            int others = Interlocked.Add(ref _taken, -wanted);
            throw new RefusedException($"A ring of {frames.Length} pages takes {wanted} mappings, and the guest's rings have {others} of {limit} already.");
        }
        return new Held(() => Interlocked.Add(ref _taken, -wanted));
    }
}
