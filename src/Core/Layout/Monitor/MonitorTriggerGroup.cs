// 32 monitors' pending and armed bits. Mirrors hv_monitor_trigger_group (Linux drivers/hv/hyperv_vmbus.h).

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>
/// One trigger group of a monitor page: <c>hv_monitor_trigger_group</c>, 8 bytes. Bit b stands for monitor
/// <c>32 * group + b</c>.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
public struct MonitorTriggerGroup
{
    /// <summary><c>as_uint64</c>: <see cref="Pending"/> in the low half, <see cref="Armed"/> in the high half.</summary>
    [FieldOffset(0)]
    public ulong Value;

    /// <summary><c>pending</c>: set by the signaller with an interlocked OR, cleared by whoever examines the page.</summary>
    [FieldOffset(0)]
    public uint Pending;

    /// <summary><c>armed</c>: used by whoever examines the page, so that a signal waits at least one latency.</summary>
    [FieldOffset(4)]
    public uint Armed;
}
