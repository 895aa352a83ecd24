using System.Runtime.CompilerServices;

namespace VmBus;

/// <summary>Whether the packets just published need a signal, and if not, why not.</summary>
/// <remarks>
/// Hosts throttle guests that signal more often than needed (they suspend them for seconds). So each reason for not
/// signalling is distinct and counted.
/// </remarks>
public enum SignalNeed
{
    /// <summary>Nothing was published.</summary>
    Nothing = 0,

    /// <summary>The reader masked its interrupt: it is draining the ring and will check it again before it sleeps.</summary>
    Masked,

    /// <summary>The ring already held packets: the reader was signalled for those and has not read them all yet.</summary>
    NotEmpty,

    /// <summary>The ring went from empty to non-empty with interrupts unmasked: the reader must be signalled.</summary>
    Required,
}

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
