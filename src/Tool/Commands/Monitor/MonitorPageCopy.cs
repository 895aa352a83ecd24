// A monitor page as it was at one moment. Mirrors hv_monitor_page (Linux drivers/hv/hyperv_vmbus.h).

using VmBus.Layout;

namespace VmBus.Tool;

/// <summary>What a monitor page held when it was read. Words were read one after the other, while others write them.</summary>
internal sealed record MonitorPageCopy(MonitorTriggerState TriggerState, IReadOnlyList<MonitorPageCopy.Group> Groups, IReadOnlyList<MonitorPageCopy.Monitor> Monitors)
{
    /// <summary>Reads a page.</summary>
    /// <param name="page">The page.</param>
    public static MonitorPageCopy Of(MonitorPageView page)
    {
        MonitorTriggerState state = new() { Value = Volatile.Read(ref page.TriggerState) };
        Group[] groups = new Group[MonitorPage.GroupCount];
        Monitor[] monitors = new Monitor[MonitorPage.MonitorCount];
        for (int id = 0; id < monitors.Length; id++)
        {
            int group = id / MonitorPage.MonitorsPerGroup;
            if (id % MonitorPage.MonitorsPerGroup == 0)
                groups[group] = new Group(group, state.IsGroupEnabled(group), Volatile.Read(ref page.Pending(group)), Volatile.Read(ref page.Armed(group)));
            MonitorParameter parameter = page.Parameter(id);
            uint bit = 1u << id % MonitorPage.MonitorsPerGroup;
            monitors[id] = new Monitor(
                id, (groups[group].Pending & bit) != 0, (groups[group].Armed & bit) != 0, TimeSpan.FromTicks(Volatile.Read(ref page.Latency(id))),
                Volatile.Read(ref page.NextCheckTime(id)), parameter.ConnectionId, parameter.FlagNumber);
        }

        return new MonitorPageCopy(state, groups, monitors);
    }

    /// <summary>
    /// The monitor of a trigger group with the lowest latency: an enabled group is examined about that often. Of those that
    /// say 0 nothing is known.
    /// </summary>
    /// <param name="group">The group, 0 to 3.</param>
    public Monitor? Lowest(int group) => Monitors
        .Where(monitor => monitor.Id / MonitorPage.MonitorsPerGroup == group && monitor.Latency > TimeSpan.Zero)
        .MinBy(monitor => monitor.Latency);

    /// <summary>One trigger group.</summary>
    internal sealed record Group(int Number, bool IsEnabled, uint Pending, uint Armed);

    /// <summary>One monitor.</summary>
    internal sealed record Monitor(int Id, bool IsPending, bool IsArmed, TimeSpan Latency, int NextCheckTime, uint ConnectionId, ushort FlagNumber)
    {
        /// <summary>Whether the page holds anything of it.</summary>
        public bool IsUsed => IsPending || IsArmed || Latency > TimeSpan.Zero || ConnectionId != 0 || FlagNumber != 0;
    }
}
