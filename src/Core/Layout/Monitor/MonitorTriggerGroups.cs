// The array trigger_group[4] of hv_monitor_page (Linux drivers/hv/hyperv_vmbus.h).

using System.Runtime.CompilerServices;

namespace VmBus.Layout;

/// <summary>The four trigger groups of a monitor page: <c>trigger_group</c> of <c>hv_monitor_page</c>, 32 bytes.</summary>
[InlineArray(MonitorPage.GroupCount)]
public struct MonitorTriggerGroups
{
    private MonitorTriggerGroup _group0;
}
