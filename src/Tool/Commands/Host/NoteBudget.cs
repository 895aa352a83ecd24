// How many lines a guest can have its host write. A guest opens, closes and breaks channels as often as it likes, and each of that
// is a line.

namespace VmBus.Tool;

/// <summary>
/// Lines that the guest brings about: of each source so many at once, and then one in a while; of all together as well. Not
/// thread-safe.
/// </summary>
/// <param name="clock">The clock of that.</param>
internal sealed class NoteBudget(TimeProvider clock)
{
    /// <summary>Lines about one source at once; then one a second.</summary>
    public const int BurstOfOne = 50;

    /// <summary>Lines about all sources at once; then ten a second.</summary>
    public const int BurstOfAll = 500;

    private readonly Dictionary<string, Source> _sources = [];
    private readonly Bucket _all = new(clock, BurstOfAll, TimeSpan.FromMilliseconds(100));

    /// <summary>Asks for a line. One that is left out is counted.</summary>
    /// <param name="source">What it is about: named by the host, so that the guest cannot have more of them.</param>
    /// <param name="leftOut">How many about this source were left out since the last that was not; they are told now.</param>
    public bool TryTake(string source, out long leftOut)
    {
        if (!_sources.TryGetValue(source, out Source? its))
            _sources.Add(source, its = new Source(new Bucket(clock, BurstOfOne, TimeSpan.FromSeconds(1))));
        // Its own first: one that has none left takes nothing of the others'.
        if (!its.Lines.TryTake() || !_all.TryTake())
        {
            its.LeftOut++;
            leftOut = 0;
            return false;
        }
        (leftOut, its.LeftOut) = (its.LeftOut, 0);
        return true;
    }

    /// <summary>What was left out and is not told yet. It counts as told now.</summary>
    public IReadOnlyList<(string Source, long LeftOut)> TakeLeftOut()
    {
        var untold = new List<(string, long)>();
        foreach ((string source, Source its) in _sources)
        {
            if (its.LeftOut > 0)
                untold.Add((source, its.LeftOut));
            its.LeftOut = 0;
        }
        return untold;
    }

    /// <summary>The note about lines that were left out.</summary>
    /// <param name="source">What they were about.</param>
    /// <param name="count">How many there were.</param>
    public static string LeftOut(string source, long count) => $"{count} {(count == 1 ? "line" : "lines")} about {source} left out";

    private sealed class Source(Bucket lines)
    {
        public Bucket Lines { get; } = lines;

        public long LeftOut { get; set; }
    }

    // Full at first; one more comes back after each interval.
    private sealed class Bucket
    {
        private readonly TimeProvider _clock;
        private readonly int _burst;
        private readonly TimeSpan _interval;
        private int _left;
        private long _from;

        public Bucket(TimeProvider clock, int burst, TimeSpan interval)
        {
            (_clock, _burst, _interval) = (clock, burst, interval);
            (_left, _from) = (burst, clock.GetTimestamp());
        }

        public bool TryTake()
        {
            int back = (int)Math.Min(_burst, _clock.GetElapsedTime(_from) / _interval);
            if (back > 0)
            {
                _left = Math.Min(_burst, _left + back);
                _from = _clock.GetTimestamp();
            }
            if (_left == 0)
                return false;
            _left--;
            return true;
        }
    }
}
