// What drives the examiners of all the monitor pages that are examined together.

namespace VmBus.Hosting;

internal abstract class MonitorScanner : IDisposable
{
    private readonly Func<long> _clock;
    private MonitorExaminer[] _examiners = [];

    // The clock counts in units of 100 ns.
    protected MonitorScanner(Func<long> clock) => _clock = clock;

    public LatenessStatistics Lateness
    {
        get
        {
            LatenessStatistics sum = default;
            foreach (MonitorExaminer examiner in Volatile.Read(ref _examiners))
            {
                LatenessStatistics one = examiner.Lateness;
                sum = new LatenessStatistics(sum.Examinations + one.Examinations, sum.Missed + one.Missed, sum.Total + one.Total, sum.Max > one.Max ? sum.Max : one.Max);
            }
            return sum;
        }
    }

    // Held during examinations, so that a page whose port is gone is not touched any more. Reentrant, because a signal
    // may lead back here on the same thread.
    protected Lock Sync { get; } = new();

    protected long Now => _clock();

    protected MonitorExaminer[] Examiners => _examiners;

    public void Add(MonitorExaminer examiner)
    {
        lock (Sync)
            Volatile.Write(ref _examiners, [.. _examiners, examiner]);
        try
        {
            OnAdded();
        }
        catch
        {
            Remove(examiner);
            throw;
        }
    }

    public void Remove(MonitorExaminer examiner)
    {
        lock (Sync)
            Volatile.Write(ref _examiners, [.. _examiners.Where(other => other != examiner)]);
    }

    // Something changed that an examination should see now.
    public abstract void Kick();

    public abstract void Dispose();

    protected virtual void OnAdded()
    {
    }

    protected long ExamineAll(long now)
    {
        long next = MonitorExaminer.Never;
        foreach (MonitorExaminer examiner in _examiners)
            next = Math.Min(next, examiner.Examine(now));
        return next;
    }
}
