// What a SignalFanout keeps under its lock. Production code reaches its own fields; the tests put an instrumented memory
// in their place and run the same rules over it.

namespace VmBus;

/// <summary>The fields that <see cref="FanoutRules"/> are about. Used under the fan-out's lock only.</summary>
internal interface IFanoutState
{
    /// <summary>Signals that ended a wait.</summary>
    long LoadSignals();

    /// <summary>Counts a signal; tickets are taken from this count outside of the lock.</summary>
    void StoreSignals(long value);

    /// <summary>Whether a thread waits for the signal itself.</summary>
    bool LoadLed();

    /// <summary>A thread starts or stops waiting for the signal itself.</summary>
    void StoreLed(bool value);

    /// <summary>Wakes all others who wait: each looks again.</summary>
    void WakeFollowers();
}
