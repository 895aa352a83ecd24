// The examination of one monitor page: which pending bits become signals, and when to look again. No thread and no clock:
// its caller says what time it is. Mirrors TLFS 6.0b, 11.7 and 11.10.8 (monitored notifications).

using System.Numerics;
using System.Runtime.CompilerServices;
using VmBus.Layout;

namespace VmBus.Hosting;

/// <summary>
/// Examines one monitor page. An enabled group is examined at the lowest latency of its registered monitors, read again
/// each time because the guest may change it. Times are in units of 100 ns.
/// </summary>
/// <remarks>
/// <see cref="Examine"/> belongs to one driver; registrations may come from any thread. Signals are made on the
/// driver's thread and their status is discarded, only counted.
/// </remarks>
internal sealed class MonitorExaminer
{
    /// <summary>The due time of what is never due.</summary>
    public const long Never = long.MaxValue;

    private readonly Lock _registration = new();
    private readonly MonitorOptions _options;
    private readonly Func<uint, ushort, HypercallStatus> _signal;
    private readonly uint[] _registered = new uint[MonitorPage.GroupCount];
    private readonly uint[] _paced = new uint[MonitorPage.GroupCount];
    private readonly long[] _due = [Never, Never, Never, Never];
    private readonly long[] _examinations = new long[MonitorPage.GroupCount];
    private readonly long[] _signals = new long[MonitorPage.MonitorCount];
    private readonly long[] _deferred = new long[MonitorPage.MonitorCount];
    private readonly long[] _errors = new long[MonitorPage.MonitorCount];
    private long _onTime;
    private long _missed;
    private long _totalLateness;
    private long _maxLateness;

    /// <summary>Makes an examiner of a page.</summary>
    /// <param name="page">The page.</param>
    /// <param name="options">Limits and habits.</param>
    /// <param name="signal">HvSignalEvent on behalf of the setter of pending bits: connection id and flag number.</param>
    public MonitorExaminer(MonitorPageView page, MonitorOptions options, Func<uint, ushort, HypercallStatus> signal)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(signal);
        options.Validate();
        Page = page;
        _options = options;
        _signal = signal;
    }

    /// <summary>The page.</summary>
    public MonitorPageView Page { get; }

    /// <summary>How late the examinations were.</summary>
    public LatenessStatistics Lateness => new(_onTime, _missed, TimeSpan.FromTicks(_totalLateness), TimeSpan.FromTicks(_maxLateness));

    /// <summary>How often a group was examined.</summary>
    /// <param name="group">The trigger group, 0 to 3.</param>
    public long Examinations(int group) => Volatile.Read(ref _examinations[group]);

    /// <summary>What a monitor has done.</summary>
    /// <param name="monitorId">The monitor, 0 to 127.</param>
    public MonitorStatistics GetStatistics(int monitorId) =>
        new(Volatile.Read(ref _signals[monitorId]), Volatile.Read(ref _deferred[monitorId]), Volatile.Read(ref _errors[monitorId]));

    /// <summary>Starts examining a monitor, and enables its group.</summary>
    /// <param name="monitorId">The monitor, 0 to 127, not registered.</param>
    /// <param name="connectionId">What it signals.</param>
    /// <param name="flagNumber">The flag, relative to the port's base flag.</param>
    /// <param name="latency">Its latency hint in units of 100 ns.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such monitor.</exception>
    /// <exception cref="InvalidOperationException">The monitor is already registered.</exception>
    public void Register(int monitorId, uint connectionId, ushort flagNumber, ushort latency)
    {
        (int group, uint bit) = Locate(monitorId);
        lock (_registration)
        {
            if ((_registered[group] & bit) != 0)
                throw new InvalidOperationException($"Monitor {monitorId} is already registered.");
            Page.Latency(monitorId) = latency;
            ParameterWord(monitorId) = connectionId | (ulong)flagNumber << 32;
            if (_options.HonourArmed)
                Interlocked.Or(ref Page.Armed(group), bit);
            Interlocked.Or(ref _registered[group], bit);
            Interlocked.Or(ref Page.TriggerState, 1u << group);
        }
    }

    /// <summary>Stops examining a monitor, and disables its group when it was the last. What is pending is dropped.</summary>
    /// <param name="monitorId">The monitor, 0 to 127.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such monitor.</exception>
    /// <exception cref="InvalidOperationException">The monitor is not registered.</exception>
    public void Unregister(int monitorId)
    {
        (int group, uint bit) = Locate(monitorId);
        lock (_registration)
        {
            if ((_registered[group] & bit) == 0)
                throw new InvalidOperationException($"Monitor {monitorId} is not registered.");
            if ((Interlocked.And(ref _registered[group], ~bit) & ~bit) == 0)
                Interlocked.And(ref Page.TriggerState, ~(1u << group));
            Interlocked.And(ref Page.TriggerGroup(group), ~(bit | (ulong)bit << 32));
            ParameterWord(monitorId) = 0;
            Page.Latency(monitorId) = 0;
        }
    }

    /// <summary>Enables or disables a trigger group. What is pending in a disabled group waits.</summary>
    /// <param name="group">The trigger group, 0 to 3.</param>
    /// <param name="enabled">Whether it is examined.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such group.</exception>
    public void SetGroupEnabled(int group, bool enabled)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)group, (uint)MonitorPage.GroupCount, nameof(group));
        if (enabled)
            Interlocked.Or(ref Page.TriggerState, 1u << group);
        else
            Interlocked.And(ref Page.TriggerState, ~(1u << group));
    }

    /// <summary>
    /// Examines every group that is due. A group that was just enabled is due at once; its next examinations follow at
    /// its interval from there.
    /// </summary>
    /// <param name="now">The time, in units of 100 ns. Never less than at the call before.</param>
    /// <returns>
    /// When to call again; <see cref="Never"/> when no monitor is registered. Calling earlier does no harm.
    /// </returns>
    public long Examine(long now)
    {
        uint enabled = Volatile.Read(ref Page.TriggerState) & MonitorTriggerState.GroupEnableMask;
        long next = Never;
        bool idle = false;
        for (int group = 0; group < MonitorPage.GroupCount; group++)
        {
            uint registered = Volatile.Read(ref _registered[group]);
            if (registered == 0 || (enabled >> group & 1) == 0)
            {
                idle |= registered != 0;
                _due[group] = Never;
                continue;
            }
            if (_due[group] != Never && registered != _paced[group])
                Hasten(group, registered, now);
            if (_due[group] == Never || _due[group] <= now)
                ExamineGroup(group, now);
            next = Math.Min(next, _due[group]);
        }
        // Only a thread that looks at the page learns that a group was enabled again.
        return next == Never && idle ? now + _options.DisabledInterval.Ticks : next;
    }

    // Whether an examination, at whatever time, could find anything.
    internal bool HasPending
    {
        get
        {
            for (int group = 0; group < MonitorPage.GroupCount; group++)
            {
                if (_due[group] != Never && Volatile.Read(ref Page.Pending(group)) != 0)
                    return true;
            }
            return false;
        }
    }

    // Counts the examinations up to a time as made, without making them: with nothing pending they have no effect.
    internal void SkipIdle(long now)
    {
        for (int group = 0; group < MonitorPage.GroupCount; group++)
        {
            if (_due[group] == Never || _due[group] >= now)
                continue;
            long interval = Interval(group, Volatile.Read(ref _registered[group]));
            long skipped = (now - _due[group]) / interval;
            _due[group] += skipped * interval;
            _examinations[group] += skipped;
            _onTime += skipped;
        }
    }

    // A monitor registered since the last examination may be in more of a hurry than the others.
    private void Hasten(int group, uint registered, long now)
    {
        _paced[group] = registered;
        _due[group] = Math.Min(_due[group], now + Interval(group, registered));
    }

    private void ExamineGroup(int group, long now)
    {
        TakePending(group);
        // Only now: a signal may have led to another registration.
        uint registered = Volatile.Read(ref _registered[group]);
        _paced[group] = registered;
        long interval = Interval(group, registered);
        if (_due[group] == Never)
        {
            _due[group] = now + interval;
        }
        else
        {
            long lateness = now - _due[group];
            _onTime++;
            _totalLateness += lateness;
            _maxLateness = Math.Max(_maxLateness, lateness);
            // The cadence is kept: examinations fall on multiples of the interval, however late one was.
            long missed = lateness / interval;
            _missed += missed;
            _due[group] += (missed + 1) * interval;
        }
        Volatile.Write(ref _examinations[group], _examinations[group] + 1);
        for (uint left = registered; left != 0; left &= left - 1)
            Page.NextCheckTime(group * MonitorPage.MonitorsPerGroup + BitOperations.TrailingZeroCount(left)) = (int)_due[group];
    }

    private void TakePending(int group)
    {
        ref uint pending = ref Page.Pending(group);
        uint taken = Volatile.Read(ref pending);
        if (taken == 0)
            return;
        if (_options.HonourArmed)
        {
            ref uint armed = ref Page.Armed(group);
            uint unarmed = taken & ~Volatile.Read(ref armed);
            taken &= ~unarmed;
            if (unarmed != 0)
            {
                Interlocked.Or(ref armed, unarmed);
                CountEach(_deferred, group, unarmed);
            }
        }
        // Cleared first, signalled then: a bit that is set again in between is covered by this signal, and one that
        // is set later is seen at the next examination.
        Interlocked.And(ref pending, ~taken);
        for (; taken != 0; taken &= taken - 1)
            SignalOne(group * MonitorPage.MonitorsPerGroup + BitOperations.TrailingZeroCount(taken));
    }

    private void SignalOne(int monitorId)
    {
        ulong parameter = Volatile.Read(ref ParameterWord(monitorId));
        // Counted first, so that the thread that the signal wakes finds it counted.
        Volatile.Write(ref _signals[monitorId], _signals[monitorId] + 1);
        HypercallStatus status = _signal((uint)parameter, (ushort)(parameter >> 32));
        if (status != HypercallStatus.Success)
            Volatile.Write(ref _errors[monitorId], _errors[monitorId] + 1);
    }

    private long Interval(int group, uint registered)
    {
        long lowest = _options.MaxLatency.Ticks;
        for (uint left = registered; left != 0; left &= left - 1)
        {
            int monitorId = group * MonitorPage.MonitorsPerGroup + BitOperations.TrailingZeroCount(left);
            lowest = Math.Min(lowest, Volatile.Read(ref Page.Latency(monitorId)));
        }
        return Math.Max(lowest, _options.MinLatency.Ticks);
    }

    private ref ulong ParameterWord(int monitorId) => ref Unsafe.As<MonitorParameter, ulong>(ref Page.Parameter(monitorId));

    private static void CountEach(long[] counters, int group, uint bits)
    {
        for (; bits != 0; bits &= bits - 1)
        {
            int monitorId = group * MonitorPage.MonitorsPerGroup + BitOperations.TrailingZeroCount(bits);
            Volatile.Write(ref counters[monitorId], counters[monitorId] + 1);
        }
    }

    private static (int Group, uint Bit) Locate(int monitorId)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)monitorId, (uint)MonitorPage.MonitorCount, nameof(monitorId));
        return (monitorId / MonitorPage.MonitorsPerGroup, 1u << (monitorId % MonitorPage.MonitorsPerGroup));
    }
}
