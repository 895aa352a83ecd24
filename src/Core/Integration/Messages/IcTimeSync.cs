// The body of a time message before version 4.0. Mirrors ictimesync_data (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;

namespace VmBus.Integration;

/// <summary>The body of an <see cref="IcMessageType.TimeSync"/> message before version 4.0: <c>ictimesync_data</c>, 25 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IcTimeSync
{
    /// <summary>The size of the body in bytes. Hosts pad it to 28.</summary>
    public const int Size = 25;

    /// <summary><c>parenttime</c>: the host's time, UTC, in 100 ns since 1601-01-01.</summary>
    public ulong ParentTime;

    /// <summary><c>childtime</c>: unused.</summary>
    public ulong ChildTime;

    /// <summary><c>roundtriptime</c>: how long the way there and back took the host last, in 100 ns.</summary>
    public ulong RoundTripTime;

    /// <summary><c>flags</c>.</summary>
    public IcTimeSyncFlags Flags;
}

// The body of a time message since version 4.0. Mirrors ictimesync_ref_data (Linux include/linux/hyperv.h).
/// <summary>The body of an <see cref="IcMessageType.TimeSync"/> message since version 4.0: <c>ictimesync_ref_data</c>, 22 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IcTimeSyncReference
{
    /// <summary>The size of the body in bytes. Hosts pad it to 24.</summary>
    public const int Size = 22;

    /// <summary><c>parenttime</c>: the host's time, UTC, in 100 ns since 1601-01-01.</summary>
    public ulong ParentTime;

    /// <summary><c>vmreferencetime</c>: the guest's reference time when the host read its own, in 100 ns.</summary>
    public ulong ReferenceTime;

    /// <summary><c>flags</c>.</summary>
    public IcTimeSyncFlags Flags;

    /// <summary><c>leapflags</c>: NTP's leap indicator.</summary>
    public byte LeapIndicator;

    /// <summary><c>stratum</c>: NTP's stratum of the host's clock.</summary>
    public byte Stratum;

    /// <summary>Zero.</summary>
    public byte Reserved0;

    /// <summary>Zero.</summary>
    public byte Reserved1;

    /// <summary>Zero.</summary>
    public byte Reserved2;
}
