using System.Diagnostics;
using System.Globalization;

namespace VmBus.Switch.Guest;

/// <summary>Reads of 4 KiB at random places of a disk, past the page cache, so many at a time.</summary>
internal sealed class ReadLoad(string device, int depth) : ILoad
{
    private const int BlockSize = 4096;
    private const int Seed = 4;

    /// <inheritdoc/>
    public string Name => "read-" + depth.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public string Driver => "hv_storvsc";

    /// <inheritdoc/>
    public void Run(TimeSpan warmUp, TimeSpan time, Times into)
    {
        using var reads = new AsyncReads(device, BlockSize, depth);
        var random = new Random(Seed);
        var slots = new int[depth];
        var blocks = new long[depth];
        var begun = new long[depth];
        for (int slot = 0; slot < depth; slot++)
            slots[slot] = slot;
        long start = Stopwatch.GetTimestamp();
        long from = start + (long)(warmUp.TotalSeconds * Stopwatch.Frequency);
        long until = from + (long)(time.TotalSeconds * Stopwatch.Frequency);
        int free = depth;
        int underWay = 0;
        long now = start;
        long first = 0;
        long last = 0;
        while (true)
        {
            // The depth is kept until the time is up; then what is under way is waited for.
            if (now < until)
            {
                for (int i = 0; i < free; i++)
                {
                    blocks[i] = random.NextInt64(reads.BlockCount);
                    begun[slots[i]] = now;
                }

                reads.Begin(slots.AsSpan(0, free), blocks.AsSpan(0, free));
                underWay += free;
            }

            if (underWay == 0)
                break;
            free = reads.End(slots);
            underWay -= free;
            now = Stopwatch.GetTimestamp();
            into.Requests += free;
            foreach (int slot in slots.AsSpan(0, free))
            {
                if (begun[slot] < from)
                    continue;
                first = first == 0 ? begun[slot] : first;
                last = now;
                into.Add(Stopwatch.GetElapsedTime(begun[slot], now), BlockSize);
            }
        }

        into.Seconds += Stopwatch.GetElapsedTime(first, last).TotalSeconds;
    }
}
