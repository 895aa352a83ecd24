using System.Runtime.CompilerServices;

namespace VmBus;

/// <summary>Publications by their outcome, indexed by <see cref="SignalNeed"/>: counted without a branch.</summary>
[InlineArray(4)]
internal struct SignalNeedCounts
{
    private long _first;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Count(SignalNeed need) => Unsafe.Add(ref _first, (int)need)++;

    /// <summary>All publications.</summary>
    public readonly long Sum()
    {
        long sum = 0;
        foreach (long count in this)
            sum += count;
        return sum;
    }
}
