namespace VmBus.Hosting;

/// <summary>What the waiter of a <see cref="WakeGate"/> has seen.</summary>
internal record struct WakeGateStatistics
{
    /// <summary>Signals that were there before the wait.</summary>
    public long Immediate { get; internal set; }

    /// <summary>Waits that ended while spinning.</summary>
    public long SpinWakeups { get; internal set; }

    /// <summary>Waits that spun without success.</summary>
    public long SpinMisses { get; internal set; }

    /// <summary>How long all waits together have spun.</summary>
    public TimeSpan SpinTime { get; internal set; }

    /// <summary>What the waits so far let the next one spin: the budget, or less where it adapts.</summary>
    public TimeSpan SpinBudget { get; internal set; }

    /// <summary>Waits that ended after having slept, or been awaited.</summary>
    public long SleepWakeups { get; internal set; }

    /// <summary>How often the waiter went to sleep; more than <see cref="SleepWakeups"/> by timeouts and false alarms.</summary>
    public long Sleeps { get; internal set; }

    /// <summary>Waits whose time was up.</summary>
    public long Timeouts { get; internal set; }

    /// <summary>Waits that a signal ended, however.</summary>
    public readonly long Wakeups => Immediate + SpinWakeups + SleepWakeups;
}
