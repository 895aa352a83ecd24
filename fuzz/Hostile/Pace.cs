using System.Diagnostics;

namespace VmBus.Fuzz.Hostile;

/// <summary>Keeps this process to a part of a processor.</summary>
internal sealed class Pace(double share)
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly TimeSpan _used = Environment.CpuUsage.TotalTime;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits while the process has used more than its share, and never for long: something is to be done at any pace.</summary>
    public async ValueTask KeepAsync()
    {
        long began = Stopwatch.GetTimestamp();
        while (Environment.CpuUsage.TotalTime - _used > Stopwatch.GetElapsedTime(_started) * share && Stopwatch.GetElapsedTime(began) < LongestPause)
            await Task.Delay(10);
    }
}
