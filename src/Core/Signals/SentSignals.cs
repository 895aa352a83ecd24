namespace VmBus;

/// <summary>What <see cref="SignalHandshake"/> did, for the counters.</summary>
[Flags]
internal enum SentSignals
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A signal was left to the monitor page.</summary>
    Deferred = 1,

    /// <summary>A signal was sent at once.</summary>
    Called = 2,

    /// <summary>A deferred signal was sent at once after all.</summary>
    Promoted = 4,
}
