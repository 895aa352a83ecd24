// A monitor page somewhere in shared memory, field by field. Mirrors the accesses of vmbus_setevent (Linux) and
// rte_vmbus_set_latency (DPDK) to hv_monitor_page.

using System.Runtime.CompilerServices;

namespace VmBus.Layout;

/// <summary>
/// A view over a raw <see cref="MonitorPage"/>. It owns nothing: the code that mapped the page keeps it mapped for as long as
/// the view is used. The references it returns point into shared memory, so use them with <see cref="Interlocked"/> or
/// <see cref="Volatile"/>. Safe to use from any thread.
/// </summary>
public readonly unsafe struct MonitorPageView
{
    private readonly byte* _page;

    /// <summary>Creates a view over a page.</summary>
    /// <param name="address">Where the page is mapped; 4096 bytes, 8-byte aligned.</param>
    /// <exception cref="ArgumentException">The address is zero or not 8-byte aligned.</exception>
    public MonitorPageView(nint address) => _page = PageAddress.Check(address);

    /// <summary>Where the page is mapped.</summary>
    public nint Address => (nint)_page;

    /// <summary><c>trigger_state</c>: bits 0 to 3 enable the trigger groups.</summary>
    public ref uint TriggerState => ref *(uint*)(_page + MonitorPage.TriggerStateOffset);

    /// <summary><c>trigger_group[group].pending</c>: bit b for monitor 32 * group + b.</summary>
    /// <param name="group">The trigger group, 0 to 3.</param>
    /// <returns>The word in the page.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No such group.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref uint Pending(int group) => ref *(uint*)GroupAt(group);

    /// <summary><c>trigger_group[group].armed</c>: bit b for monitor 32 * group + b.</summary>
    /// <param name="group">The trigger group, 0 to 3.</param>
    /// <returns>The word in the page.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No such group.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref uint Armed(int group) => ref *(uint*)(GroupAt(group) + sizeof(uint));

    /// <summary><c>trigger_group[group].as_uint64</c>: pending in the low half, armed in the high half.</summary>
    /// <param name="group">The trigger group, 0 to 3.</param>
    /// <returns>The word in the page.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No such group.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref ulong TriggerGroup(int group) => ref *(ulong*)GroupAt(group);

    /// <summary><c>next_checktime</c>: when the monitor is inspected next.</summary>
    /// <param name="monitorId">The monitor, 0 to 127.</param>
    /// <returns>The word in the page.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No such monitor.</exception>
    public ref int NextCheckTime(int monitorId) => ref *(int*)MonitorAt(monitorId, MonitorPage.NextCheckTimeOffset, sizeof(int));

    /// <summary><c>latency</c>: the monitor's latency hint in units of 100 ns.</summary>
    /// <param name="monitorId">The monitor, 0 to 127.</param>
    /// <returns>The word in the page.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No such monitor.</exception>
    public ref ushort Latency(int monitorId) => ref *(ushort*)MonitorAt(monitorId, MonitorPage.LatencyOffset, sizeof(ushort));

    /// <summary><c>parameter.connectionid</c>: the connection that the monitor signals; only the low 24 bits are used.</summary>
    /// <param name="monitorId">The monitor, 0 to 127.</param>
    /// <returns>The word in the page.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No such monitor.</exception>
    public ref uint ConnectionId(int monitorId) => ref Parameter(monitorId).ConnectionId;

    /// <summary><c>parameter</c>: what the monitor signals.</summary>
    /// <param name="monitorId">The monitor, 0 to 127.</param>
    /// <returns>The parameter in the page.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No such monitor.</exception>
    internal ref MonitorParameter Parameter(int monitorId) =>
        ref *(MonitorParameter*)MonitorAt(monitorId, MonitorPage.ParameterOffset, sizeof(MonitorParameter));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* GroupAt(int group)
    {
        if ((uint)group >= MonitorPage.GroupCount)
            ThrowNoSuchGroup(group);
        return _page + MonitorPage.TriggerGroupOffset + group * sizeof(ulong);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* MonitorAt(int monitorId, int offset, int stride)
    {
        if ((uint)monitorId >= MonitorPage.MonitorCount)
            ThrowNoSuchMonitor(monitorId);
        return _page + offset + monitorId * stride;
    }

    private static void ThrowNoSuchGroup(int group) =>
        throw new ArgumentOutOfRangeException(nameof(group), group, "A monitor page has trigger groups 0 to 3.");

    private static void ThrowNoSuchMonitor(int monitorId) =>
        throw new ArgumentOutOfRangeException(nameof(monitorId), monitorId, "A monitor page has monitors 0 to 127.");
}
