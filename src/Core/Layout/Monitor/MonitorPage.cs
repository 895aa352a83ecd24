// The shared page whose bits become signals within a latency. Mirrors hv_monitor_page (Linux drivers/hv/hyperv_vmbus.h),
// HV_MONITOR_PAGE of the TLFS. A connection has two: parent to child, and child to parent.

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>
/// A monitor page: <c>hv_monitor_page</c>, 4096 bytes, little-endian. 128 monitors in four trigger groups of 32:
/// monitor id = 32 * group + bit.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
public struct MonitorPage
{
    /// <summary>The size of the page in bytes.</summary>
    public const int Size = 4096;

    /// <summary>How many trigger groups a page has.</summary>
    public const int GroupCount = 4;

    /// <summary>How many monitors a trigger group has.</summary>
    public const int MonitorsPerGroup = 32;

    /// <summary>How many monitors a page has.</summary>
    public const int MonitorCount = GroupCount * MonitorsPerGroup;

    /// <summary>The length of one unit of <see cref="Latencies"/> in nanoseconds.</summary>
    public const int LatencyUnitNanoseconds = 100;

    /// <summary>Where <see cref="TriggerState"/> lies, in bytes.</summary>
    public const int TriggerStateOffset = 0x000;

    /// <summary>Where <see cref="TriggerGroups"/> starts, in bytes; 8 bytes each.</summary>
    public const int TriggerGroupOffset = 0x008;

    /// <summary>Where <see cref="NextCheckTimes"/> starts, in bytes; 4 bytes each.</summary>
    public const int NextCheckTimeOffset = 0x040;

    /// <summary>Where <see cref="Latencies"/> starts, in bytes; 2 bytes each.</summary>
    public const int LatencyOffset = 0x240;

    /// <summary>Where <see cref="Parameters"/> starts, in bytes; 8 bytes each.</summary>
    public const int ParameterOffset = 0x440;

    /// <summary><c>trigger_state</c>: which groups are examined. Written by the host.</summary>
    [FieldOffset(TriggerStateOffset)]
    public MonitorTriggerState TriggerState;

    /// <summary><c>trigger_group</c>: the pending and armed bits.</summary>
    [FieldOffset(TriggerGroupOffset)]
    public MonitorTriggerGroups TriggerGroups;

    /// <summary><c>next_checktime</c>: when each monitor is examined next. Written by whoever examines the page.</summary>
    [FieldOffset(NextCheckTimeOffset)]
    public MonitorCheckTimes NextCheckTimes;

    /// <summary><c>latency</c>: each monitor's latency hint in units of 100 ns. Written by the host; DPDK guests override it.</summary>
    [FieldOffset(LatencyOffset)]
    public MonitorLatencies Latencies;

    /// <summary><c>parameter</c>: what each monitor signals. Written by the host.</summary>
    [FieldOffset(ParameterOffset)]
    public MonitorParameters Parameters;
}
