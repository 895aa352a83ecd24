// How much of this machine other programs had meanwhile: all CPU time of the system (/proc/stat), less this process's own and its ended
// children's (/proc/self/stat). What other programs have, the ends of a channel wait for.

using System.Diagnostics;
using System.Globalization;

namespace VmBus.Tool;

/// <summary>Reads the CPU time of other programs, and what they had between two readings.</summary>
/// <param name="At">When it was read.</param>
/// <param name="Seconds">CPU time of other programs since the system was started, time that another VM had among it.</param>
internal readonly record struct OtherLoad(long At, double Seconds)
{
    private const double TicksPerSecond = 100;  // USER_HZ, of every architecture that .NET runs on

    // The system counts in ticks of 10 ms a core: a shorter time says nothing.
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);

    /// <summary>Reads it; <see langword="null"/> where the system does not tell.</summary>
    /// <param name="proc">Where proc is mounted.</param>
    public static OtherLoad? TryRead(string proc = "/proc")
    {
        try
        {
            if (!File.Exists(Path.Combine(proc, "stat")))
                return null;

            // cpu user nice system idle iowait irq softirq steal, then guests' time, which user has already.
            string[] all = File.ReadLines(Path.Combine(proc, "stat")).First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
            long at = Stopwatch.GetTimestamp();

            // pid (name) state ...; a name may have anything in it. utime, stime, cutime and cstime are the fields 14 to 17.
            string own = File.ReadAllText(Path.Combine(proc, "self/stat"));
            string[] fields = own[(own.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (all.Length < 9 || fields.Length < 15)
                return null;
            double system = Number(all[1]) + Number(all[2]) + Number(all[3]) + Number(all[6]) + Number(all[7]) + Number(all[8]);
            return new OtherLoad(at, (system - fields[11..15].Sum(Number)) / TicksPerSecond);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException or InvalidOperationException)
        {
            return null;    // a container that hides it
        }

        static double Number(string text) => ulong.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>How many cores others had on average; <see langword="null"/> where one reading is missing, or too little time is between them.</summary>
    public static double? Between(OtherLoad? before, OtherLoad? after)
    {
        if (before is not { } first || after is not { } second)
            return null;
        TimeSpan time = Stopwatch.GetElapsedTime(first.At, second.At);
        return time < Shortest ? null : Math.Max(0, (second.Seconds - first.Seconds) / time.TotalSeconds);
    }
}
