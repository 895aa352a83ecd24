// The memory of a ring as DPDK sees it. Mirrors what vmbus_uio_map_rings hands to vmbus_br_setup (DPDK
// drivers/bus/vmbus): one address and a size, the data directly behind the control page.

namespace VmBus.Peers;

/// <summary>One ring in mapped memory; DPDK never maps or unmaps it.</summary>
/// <param name="Address">Address of the control page (4096 bytes); the data area follows directly.</param>
/// <param name="DataSize">
/// Bytes in the data area. DPDK copies around its end, so it needs the area mapped once; mapped twice does no harm.
/// </param>
public readonly record struct DpdkRing(nint Address, int DataSize);
