// The JSON document of the monitor pages: stable names, units in names, null for what is not known. docs/monitoring.md
// tells what each field is.

using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>The document <c>vmbus monitor --json</c> writes.</summary>
internal sealed record MonitorDocument(
    string Schema, string ToolVersion, string? Uio, IReadOnlyList<MonitorDocument.MonitoredChannel> Channels, MonitorDocument.PagePart? Page, MonitorDocument.ChangePart? Change)
{
    /// <summary>The schema's name and version.</summary>
    public const string SchemaName = "vmbus-monitor/1";

    /// <summary>Makes the document of a report.</summary>
    /// <param name="report">The report.</param>
    /// <param name="all">Whether unused monitors are in it.</param>
    /// <param name="toolVersion">The version of the tool.</param>
    public static MonitorDocument From(MonitorReport report, bool all, string toolVersion)
    {
        ArgumentNullException.ThrowIfNull(report);
        return new(
            SchemaName, toolVersion, report.Uio, [.. report.Channels.Select(MonitoredChannel.From)], report.Page is { } page ? PagePart.From(report, page, all) : null,
            report.Change is { } change ? new(change.Channel.Relid, change.MonitorId, change.Before.TotalMicroseconds, change.After.TotalMicroseconds) : null);
    }

    /// <summary>One channel, as sysfs shows it.</summary>
    internal sealed record MonitoredChannel(
        uint? Relid, uint? Subchannel, string? ClassName, Guid? InstanceId, uint? DeviceRelid, string? Driver, string? Signal,
        int? MonitorId, int? TriggerGroup, int? Bit, SidePart? ToHost, SidePart? ToGuest)
    {
        public static MonitoredChannel From(TopRow row)
        {
            bool isPrimary = row.Relid == row.Device.Relid;
            return new(
                row.Relid, row.Subchannel, DeviceName.Short(row.Device), row.Device.InstanceId, row.Device.Relid, row.Device.Driver,
                row.Signal,
                row.MonitorId, row.MonitorId / MonitorPage.MonitorsPerGroup, row.MonitorId % MonitorPage.MonitorsPerGroup,
                SidePart.From(row.MonitorId, new SysfsMonitor(row.PendingWord, row.Latency, isPrimary ? row.Device.GuestMonitor?.ConnectionId : null)),
                SidePart.From(row.MonitorId, isPrimary ? row.Device.HostMonitor : null));
        }
    }

    /// <summary>One channel's monitor in one of the two pages.</summary>
    internal sealed record SidePart(bool? Pending, uint? PendingWord, double? LatencyUs, uint? ConnectionId)
    {
        public static SidePart? From(int? monitorId, SysfsMonitor? monitor) => monitorId is null || monitor is null ? null : new(
            TopRow.IsPendingIn(monitor.Pending, monitorId), monitor.Pending, monitor.Latency?.TotalMicroseconds, monitor.ConnectionId);
    }

    /// <summary>The mapped page.</summary>
    internal sealed record PagePart(uint TriggerState, IReadOnlyList<GroupPart> Groups, IReadOnlyList<MonitorPart> Monitors)
    {
        public static PagePart From(MonitorReport report, MonitorPageCopy page, bool all) => new(
            page.TriggerState.Value,
            [.. page.Groups.Select(group => new GroupPart(
                group.Number, group.IsEnabled, group.Pending, group.Armed, page.Lowest(group.Number)?.Latency.TotalMicroseconds, page.Lowest(group.Number)?.Id))],
            [.. report.Monitors(all).Select(one => new MonitorPart(
                one.Monitor.Id, one.Monitor.Id / MonitorPage.MonitorsPerGroup, one.Monitor.Id % MonitorPage.MonitorsPerGroup, one.Channel?.Relid, one.Monitor.IsPending,
                one.Monitor.IsArmed, one.Monitor.Latency.TotalMicroseconds, one.Monitor.NextCheckTime, one.Monitor.ConnectionId, one.Monitor.FlagNumber))]);
    }

    /// <summary>One trigger group of it.</summary>
    internal sealed record GroupPart(int TriggerGroup, bool Enabled, uint PendingWord, uint ArmedWord, double? LowestLatencyUs, int? LowestMonitorId);

    /// <summary>One monitor of it.</summary>
    internal sealed record MonitorPart(
        int MonitorId, int TriggerGroup, int Bit, uint? Relid, bool Pending, bool Armed, double LatencyUs, int NextCheckTime, uint ConnectionId, ushort FlagNumber);

    /// <summary>What was set.</summary>
    internal sealed record ChangePart(uint? Relid, int MonitorId, double LatencyBeforeUs, double LatencyAfterUs);
}
