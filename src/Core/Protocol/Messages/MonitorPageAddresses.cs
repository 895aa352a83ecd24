// Where the two monitor pages of a connection lie. Mirrors monitor_page1 and monitor_page2 of
// vmbus_channel_initiate_contact (Linux include/linux/hyperv.h).

namespace VmBus.Protocol;

/// <summary>The guest physical addresses of the two monitor pages: both, or none.</summary>
/// <param name="ParentToChild">The page the host signals through; 0 for none.</param>
/// <param name="ChildToParent">The page the guest signals through; 0 for none.</param>
internal readonly record struct MonitorPageAddresses(ulong ParentToChild, ulong ChildToParent)
{
    /// <summary>Whether there are any.</summary>
    public bool ArePresent => ParentToChild != 0 && ChildToParent != 0;

    /// <summary>Whether it is both or none, each at the start of a page.</summary>
    public bool AreValid => (ParentToChild == 0) == (ChildToParent == 0) && ((ParentToChild | ChildToParent) & 0xFFF) == 0;
}
