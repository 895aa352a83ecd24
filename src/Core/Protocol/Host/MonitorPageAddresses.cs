// Where the two monitor pages lie. What MonitorPageGpas is to OpenVMM (vmbus_core lib.rs).

namespace VmBus.Protocol.Host;

/// <summary>Guest physical addresses of the two monitor pages: neither is 0.</summary>
/// <param name="ParentToChild">The page from host to guest.</param>
/// <param name="ChildToParent">The page from guest to host.</param>
public readonly record struct MonitorPageAddresses(ulong ParentToChild, ulong ChildToParent);
