using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace VmBus.Compare;

/// <summary>How far apart two threads are: the round trip of one cache line between them.</summary>
/// <remarks>
/// Two virtual processors are one core or two, at the machine's choice and from one second to the next, and a line's way between
/// them differs by 3 to 4 times. A slice without this beside it says nothing about the ring.
/// </remarks>
internal sealed class LineProbe
{
    private const int Chunks = 4;
    private const int Trips = 32;
    private const int Word = 32;    // lines fetched in pairs, and the array's own header, are apart from it

    private readonly long[] _words = GC.AllocateArray<long>(3 * Word, pinned: true);
    private readonly long[] _done = new long[2 * Word];

    /// <summary>Sends a line to and fro; the other side must call it too.</summary>
    /// <param name="side">0 or 1.</param>
    /// <returns>Nanoseconds a round trip, the best of a few tries.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public double Run(int side)
    {
        ref long word = ref _words[Word];
        long at = _done[side * Word];
        long best = long.MaxValue;
        for (int chunk = 0; chunk < Chunks; chunk++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Trips; i++, at += 2)
            {
                if (side == 0)
                    Volatile.Write(ref word, at + 1);
                while (Volatile.Read(ref word) != at + 2 - side)
                {
                }

                if (side == 1)
                    Volatile.Write(ref word, at + 2);
            }

            best = Math.Min(best, Stopwatch.GetTimestamp() - start);
        }

        _done[side * Word] = at;
        return best * 1e9 / Stopwatch.Frequency / Trips;
    }
}
