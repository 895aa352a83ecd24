using System.Diagnostics;
using System.Globalization;

namespace VmBus.Fuzz.Hostile;

/// <summary>
/// What this process takes from the system. The most of each during the first part of a run, the warm-up, is what it may take
/// later, and a little more.
/// </summary>
internal sealed class Footprint(TimeSpan length)
{
    private const int MappingsMore = 2_000;             // closed rings stay mapped until the collector comes
    private const int DescriptorsMore = 32;
    private const int ThreadsMore = 32;
    private const long WorkingSetMore = 96L << 20;      // what the collector and the compiler may take later

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly TimeSpan _warm = TimeSpan.FromTicks(Math.Min(length.Ticks / 4, TimeSpan.TicksPerMinute * 5));
    private TimeSpan _looked = -LookInterval;
    private Sample _now = Sample.Take();
    private Sample _peak;
    private Sample? _bound;

    public string Now => (_now = Sample.Take()).ToString();

    public string Peaks => string.Create(CultureInfo.InvariantCulture, $"most: {_peak}; allowed after the warm-up of {_warm.TotalSeconds:F0} s: {_bound}");

    /// <summary>Looks, once a second at most.</summary>
    /// <returns>What has grown beyond its bound, or <see langword="null"/>.</returns>
    public string? Look(TimeSpan elapsed)
    {
        if (elapsed - _looked < LookInterval)
            return null;
        _looked = elapsed;
        _now = Sample.Take();
        _peak = _peak.Max(_now);
        if (elapsed < _warm)
            return null;
        Sample bound = _bound ??= new Sample(
            _peak.Mappings + MappingsMore, _peak.Descriptors + DescriptorsMore, _peak.Threads + ThreadsMore, _peak.WorkingSet + WorkingSetMore, long.MaxValue);
        return _now.Exceeds(bound) ? $"the process has {_now}, and may have {bound}" : null;
    }

    private readonly record struct Sample(int Mappings, int Descriptors, int Threads, long WorkingSet, long Heap)
    {
        public static Sample Take()
        {
            using var self = Process.GetCurrentProcess();
            return new Sample(
                File.ReadLines("/proc/self/maps").Count(), Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(),
                Directory.EnumerateDirectories("/proc/self/task").Count(), self.WorkingSet64, GC.GetGCMemoryInfo().HeapSizeBytes);
        }

        public Sample Max(Sample other) => new(
            Math.Max(Mappings, other.Mappings), Math.Max(Descriptors, other.Descriptors), Math.Max(Threads, other.Threads),
            Math.Max(WorkingSet, other.WorkingSet), Math.Max(Heap, other.Heap));

        public bool Exceeds(Sample bound) =>
            Mappings > bound.Mappings || Descriptors > bound.Descriptors || Threads > bound.Threads || WorkingSet > bound.WorkingSet;

        public override string ToString()
        {
            string heap = Heap == long.MaxValue ? "any heap" : string.Create(CultureInfo.InvariantCulture, $"heap {Heap / 1048576.0:F1} MiB");
            return string.Create(CultureInfo.InvariantCulture,
                $"{Mappings} mappings, {Descriptors} descriptors, {Threads} threads, working set {WorkingSet >> 20} MiB, {heap}");
        }
    }
}
