// Which of the two monitor pages. Mirrors monitor_pages[0] and [1] (Linux drivers/hv/hyperv_vmbus.h).

namespace VmBus.Hosting;

/// <summary>Which of the two monitor pages.</summary>
internal enum MonitorDirection
{
    /// <summary>The host sets bits, the guest is signalled.</summary>
    ParentToChild,

    /// <summary>The guest sets bits, the host is signalled.</summary>
    ChildToParent,
}
