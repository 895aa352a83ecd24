// The pages a guest shows its host when it connects. Mirrors the addresses of vmbus_channel_initiate_contact
// (Linux include/linux/hyperv.h).

namespace VmBus.Protocol;

/// <summary>The guest physical addresses of the pages both ends signal through; each the start of a page, 0 for none.</summary>
/// <param name="InterruptPage">The interrupt page; shown to hosts before 5.0 only.</param>
/// <param name="ParentToChildMonitorPage">The page the host signals through.</param>
/// <param name="ChildToParentMonitorPage">The page the guest signals through; there are both monitor pages or none.</param>
internal readonly record struct GuestPages(ulong InterruptPage, ulong ParentToChildMonitorPage, ulong ChildToParentMonitorPage)
{
    /// <summary>The monitor pages.</summary>
    public MonitorPageAddresses MonitorPages => new(ParentToChildMonitorPage, ChildToParentMonitorPage);
}
