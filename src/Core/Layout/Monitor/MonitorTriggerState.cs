// Which trigger groups of a monitor page are examined. Mirrors hv_monitor_trigger_state (Linux drivers/hv/hyperv_vmbus.h).

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>The first word of a monitor page: <c>hv_monitor_trigger_state</c>, 4 bytes. Written by the host.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MonitorTriggerState
{
    /// <summary>Bits 0 to 3, one for each trigger group.</summary>
    public const uint GroupEnableMask = 0xF;

    /// <summary>Bit 4, <c>MonitorDisabled</c>: nobody examines the page now. Defined up to TLFS 5.0C, gone in 6.0b.</summary>
    public const uint MonitorDisabled = 1 << 4;

    /// <summary><c>asu32</c>: the whole word.</summary>
    public uint Value;

    /// <summary><c>group_enable</c>: bit g is set when trigger group g is examined at its own latency.</summary>
    public readonly uint GroupEnable => Value & GroupEnableMask;

    /// <summary>Says whether a trigger group is examined at its own latency.</summary>
    /// <param name="group">The trigger group, 0 to 3.</param>
    /// <returns><see langword="true"/> when the group's enable bit is set.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No such group.</exception>
    public readonly bool IsGroupEnabled(int group)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)group, (uint)MonitorPage.GroupCount, nameof(group));
        return (Value >> group & 1) != 0;
    }
}
