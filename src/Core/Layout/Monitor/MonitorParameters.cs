// The array parameter[4][32] of hv_monitor_page (Linux drivers/hv/hyperv_vmbus.h).

using System.Runtime.CompilerServices;

namespace VmBus.Layout;

/// <summary>What each monitor signals: <c>parameter</c> of <c>hv_monitor_page</c>, 1024 bytes, by monitor id.</summary>
[InlineArray(MonitorPage.MonitorCount)]
public struct MonitorParameters
{
    private MonitorParameter _monitor0;
}
