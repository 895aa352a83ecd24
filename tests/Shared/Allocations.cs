// How many bytes calls allocate on the managed heap, once they have been made before.

namespace VmBus.Tests;

internal static class Allocations
{
    // What a call allocates, it allocates in every round. The runtime itself may, once, on the thread that calls: 4776 bytes were
    // seen in one run of many, an array of references as it keeps for statics, when code was compiled again.
    private const int Rounds = 3;

    /// <summary>The bytes that so many calls allocate: the least of three rounds, after calls that warm up.</summary>
    public static long Of(Action action, int calls = 100)
    {
        for (int i = 0; i < 100; i++)
            action();
        long least = long.MaxValue;
        for (int round = 0; round < Rounds && least != 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < calls; i++)
                action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
