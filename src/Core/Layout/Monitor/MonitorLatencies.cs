// The array latency[4][32] of hv_monitor_page (Linux drivers/hv/hyperv_vmbus.h).

using System.Runtime.CompilerServices;

namespace VmBus.Layout;

/// <summary>Each monitor's latency in units of 100 ns: <c>latency</c> of <c>hv_monitor_page</c>, 256 bytes, by monitor id.</summary>
[InlineArray(MonitorPage.MonitorCount)]
public struct MonitorLatencies
{
    private ushort _monitor0;
}
