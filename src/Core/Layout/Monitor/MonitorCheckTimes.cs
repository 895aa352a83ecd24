// The array next_checktime[4][32] of hv_monitor_page (Linux drivers/hv/hyperv_vmbus.h).

using System.Runtime.CompilerServices;

namespace VmBus.Layout;

/// <summary>When each monitor is examined next: <c>next_checktime</c> of <c>hv_monitor_page</c>, 512 bytes, by monitor id.</summary>
[InlineArray(MonitorPage.MonitorCount)]
public struct MonitorCheckTimes
{
    private int _monitor0;
}
