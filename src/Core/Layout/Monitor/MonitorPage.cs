// The shared page whose bits become signals within a latency. Mirrors hv_monitor_page (Linux drivers/hv/hyperv_vmbus.h),
// HV_MONITOR_PAGE of the TLFS. A connection has two: parent to child, and child to parent.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>
/// A monitor page: <c>hv_monitor_page</c>, 4096 bytes, little-endian. 128 monitors in four trigger groups of 32:
/// monitor id = 32 * group + bit. <see cref="MonitorPageView"/> reads and writes its fields.
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

    /// <summary>The length of one unit of <c>Latencies</c> in nanoseconds.</summary>
    public const int LatencyUnitNanoseconds = 100;

    /// <summary>The offset of <c>TriggerState</c>, in bytes.</summary>
    public const int TriggerStateOffset = 0x000;

    /// <summary>Where <c>TriggerGroups</c> starts, in bytes; 8 bytes each.</summary>
    public const int TriggerGroupOffset = 0x008;

    /// <summary>Where <c>NextCheckTimes</c> starts, in bytes; 4 bytes each.</summary>
    public const int NextCheckTimeOffset = 0x040;

    /// <summary>Where <c>Latencies</c> starts, in bytes; 2 bytes each.</summary>
    public const int LatencyOffset = 0x240;

    /// <summary>Where <c>Parameters</c> starts, in bytes; 8 bytes each.</summary>
    public const int ParameterOffset = 0x440;

    /// <summary><c>trigger_state</c>: which groups are examined. Written by the host.</summary>
    [FieldOffset(TriggerStateOffset)]
    internal MonitorTriggerState TriggerState;

    /// <summary><c>trigger_group</c>: the pending and armed bits.</summary>
    [FieldOffset(TriggerGroupOffset)]
    internal MonitorTriggerGroups TriggerGroups;

    /// <summary><c>next_checktime</c>: when each monitor is examined next. Written by the examiner of the page.</summary>
    [FieldOffset(NextCheckTimeOffset)]
    internal MonitorCheckTimes NextCheckTimes;

    /// <summary><c>latency</c>: each monitor's latency hint in units of 100 ns. Written by the host; DPDK guests override it.</summary>
    [FieldOffset(LatencyOffset)]
    internal MonitorLatencies Latencies;

    /// <summary><c>parameter</c>: what each monitor signals. Written by the host.</summary>
    [FieldOffset(ParameterOffset)]
    internal MonitorParameters Parameters;
}

// Which trigger groups of a monitor page are examined. Mirrors hv_monitor_trigger_state (Linux drivers/hv/hyperv_vmbus.h).
/// <summary>The first word of a monitor page: <c>hv_monitor_trigger_state</c>, 4 bytes. Written by the host.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MonitorTriggerState
{
    /// <summary>Bits 0 to 3, one for each trigger group.</summary>
    public const uint GroupEnableMask = 0xF;

    /// <summary>Bit 4, <c>MonitorDisabled</c>: the page is not inspected now. Defined up to TLFS 5.0C, gone in 6.0b.</summary>
    public const uint MonitorDisabled = 1 << 4;

    /// <summary><c>asu32</c>: the whole word.</summary>
    public uint Value;

    /// <summary><c>group_enable</c>: bit g is set when trigger group g is inspected at its own latency.</summary>
    public readonly uint GroupEnable => Value & GroupEnableMask;

    /// <summary>Returns whether a trigger group is inspected at its own latency.</summary>
    /// <param name="group">The trigger group, 0 to 3.</param>
    /// <returns><see langword="true"/> when the group's enable bit is set.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No such group.</exception>
    public readonly bool IsGroupEnabled(int group)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)group, (uint)MonitorPage.GroupCount, nameof(group));
        return (Value >> group & 1) != 0;
    }
}

// The array trigger_group[4] of hv_monitor_page (Linux drivers/hv/hyperv_vmbus.h).
/// <summary>The four trigger groups of a monitor page: <c>trigger_group</c> of <c>hv_monitor_page</c>, 32 bytes.</summary>
[InlineArray(MonitorPage.GroupCount)]
internal struct MonitorTriggerGroups
{
    private MonitorTriggerGroup _group0;
}

// 32 monitors' pending and armed bits. Mirrors hv_monitor_trigger_group (Linux drivers/hv/hyperv_vmbus.h).
/// <summary>
/// One trigger group of a monitor page: <c>hv_monitor_trigger_group</c>, 8 bytes. Bit b stands for monitor
/// <c>32 * group + b</c>.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
internal struct MonitorTriggerGroup
{
    /// <summary><c>as_uint64</c>: <see cref="Pending"/> in the low half, <see cref="Armed"/> in the high half.</summary>
    [FieldOffset(0)]
    public ulong Value;

    /// <summary><c>pending</c>: set by the signaller with an interlocked OR, cleared by the code that inspects the page.</summary>
    [FieldOffset(0)]
    public uint Pending;

    /// <summary><c>armed</c>: used by the code that inspects the page, so that a signal waits at least one latency.</summary>
    [FieldOffset(4)]
    public uint Armed;
}

// The array next_checktime[4][32] of hv_monitor_page (Linux drivers/hv/hyperv_vmbus.h).
/// <summary>When each monitor is examined next: <c>next_checktime</c> of <c>hv_monitor_page</c>, 512 bytes, by monitor id.</summary>
[InlineArray(MonitorPage.MonitorCount)]
internal struct MonitorCheckTimes
{
    private int _monitor0;
}

// The array latency[4][32] of hv_monitor_page (Linux drivers/hv/hyperv_vmbus.h).
/// <summary>Each monitor's latency in units of 100 ns: <c>latency</c> of <c>hv_monitor_page</c>, 256 bytes, by monitor id.</summary>
[InlineArray(MonitorPage.MonitorCount)]
internal struct MonitorLatencies
{
    private ushort _monitor0;
}

// The array parameter[4][32] of hv_monitor_page (Linux drivers/hv/hyperv_vmbus.h).
/// <summary>What each monitor signals: <c>parameter</c> of <c>hv_monitor_page</c>, 1024 bytes, by monitor id.</summary>
[InlineArray(MonitorPage.MonitorCount)]
internal struct MonitorParameters
{
    private MonitorParameter _monitor0;
}

// What the hypervisor signals for one monitor. Mirrors hv_monitor_parameter (Linux drivers/hv/hyperv_vmbus.h).
/// <summary>The event one monitor stands for: <c>hv_monitor_parameter</c>, 8 bytes. Written by the host.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MonitorParameter
{
    /// <summary><c>connectionid</c>: the connection for HvCallSignalEvent; only the low 24 bits are used.</summary>
    public uint ConnectionId;

    /// <summary><c>flagnumber</c>: relative to the port's base flag.</summary>
    public ushort FlagNumber;

    /// <summary>Zero.</summary>
    public ushort Reserved;
}
