// What a time message is for. Mirrors ICTIMESYNCFLAG_* (Linux include/linux/hyperv.h).

namespace VmBus.Integration;

/// <summary>What a time message is for: <c>flags</c> of <see cref="IcTimeSync"/> and <see cref="IcTimeSyncReference"/>.</summary>
[Flags]
internal enum IcTimeSyncFlags : byte
{
    /// <summary><c>ICTIMESYNCFLAG_PROBE</c>: only to see how long an answer takes.</summary>
    Probe = 0,

    /// <summary><c>ICTIMESYNCFLAG_SYNC</c>: the guest should set its clock (it was started, restored, moved).</summary>
    Sync = 1,

    /// <summary><c>ICTIMESYNCFLAG_SAMPLE</c>: a hint, to be used or not.</summary>
    Sample = 2,
}
