// What a host sees over the time of a run, slice by slice.

namespace VmBus.Tool;

/// <summary>Sorts latencies, packets and wakeups into slices of time. One thread writes.</summary>
internal sealed class TimelineRecorder(TimeSpan slice)
{
    // Enough for a median; a saturating load would have millions.
    private const int LatenciesKept = 4096;

    private readonly List<Slice> _slices = [];

    /// <summary>Notes one message's latency.</summary>
    public void NoteLatency(TimeSpan at, long nanoseconds)
    {
        List<long> latencies = At(at).Latencies;
        if (latencies.Count < LatenciesKept)
            latencies.Add(nanoseconds);
    }

    /// <summary>Notes packets read, and wakeups, since the note before.</summary>
    public void NotePackets(TimeSpan at, long packets, long wakeups)
    {
        Slice here = At(at);
        here.Packets += packets;
        here.Wakeups += wakeups;
    }

    /// <summary>The slices in which something was read.</summary>
    public TimelineSeries Series(SignalMode mode)
    {
        List<TimelinePoint> points = [];
        for (int i = 0; i < _slices.Count; i++)
        {
            Slice one = _slices[i];
            if (one.Latencies.Count > 0)
                points.Add(new TimelinePoint(slice * (i + 0.5), one.Median(), one.Wakeups == 0 ? null : (double)one.Packets / one.Wakeups));
        }

        return new TimelineSeries(mode, points);
    }

    /// <summary>Median latency and packets a wakeup between two moments.</summary>
    public (double P50, double? PacketsPerWakeup) Between(TimeSpan from, TimeSpan to)
    {
        Slice all = new();
        for (int i = (int)(from / slice); i < Math.Min((int)(to / slice), _slices.Count); i++)
        {
            all.Latencies.AddRange(_slices[i].Latencies);
            all.Packets += _slices[i].Packets;
            all.Wakeups += _slices[i].Wakeups;
        }

        return (all.Latencies.Count == 0 ? 0 : all.Median(), all.Wakeups == 0 ? null : (double)all.Packets / all.Wakeups);
    }

    private Slice At(TimeSpan at)
    {
        int index = (int)(at / slice);
        while (_slices.Count <= index)
            _slices.Add(new Slice());
        return _slices[index];
    }

    private sealed class Slice
    {
        public List<long> Latencies { get; } = [];

        public long Packets { get; set; }

        public long Wakeups { get; set; }

        public double Median()
        {
            Latencies.Sort();
            return Latencies[Latencies.Count / 2];
        }
    }
}
