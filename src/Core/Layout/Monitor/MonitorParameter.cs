// What the hypervisor signals for one monitor. Mirrors hv_monitor_parameter (Linux drivers/hv/hyperv_vmbus.h).

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>The event one monitor stands for: <c>hv_monitor_parameter</c>, 8 bytes. Written by the host.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MonitorParameter
{
    /// <summary><c>connectionid</c>: the connection that HvCallSignalEvent would name; the low 24 bits count.</summary>
    public uint ConnectionId;

    /// <summary><c>flagnumber</c>: relative to the port's base flag.</summary>
    public ushort FlagNumber;

    /// <summary>Zero.</summary>
    public ushort Reserved;
}
