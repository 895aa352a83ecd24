// The JSON document of a reading: stable names, units in names, null for what the kernel does not tell. docs/monitoring.md
// tells what each field is.

namespace VmBus.Tool;

/// <summary>The document <c>vmbus top --json</c> writes for each refresh.</summary>
internal sealed record TopDocument(string Schema, string ToolVersion, DateTimeOffset Time, double? IntervalSeconds, IReadOnlyList<TopDocument.ChannelPart> Channels)
{
    /// <summary>The schema's name and version.</summary>
    public const string SchemaName = "vmbus-top/1";

    /// <summary>Makes the document of a reading.</summary>
    /// <param name="rows">Its channels.</param>
    /// <param name="now">The reading.</param>
    /// <param name="before">The one before, from which rates are; <see langword="null"/> when there is none.</param>
    /// <param name="toolVersion">The version of the tool.</param>
    public static TopDocument From(IReadOnlyList<TopRow> rows, TopReading now, TopReading? before, string toolVersion)
    {
        ArgumentNullException.ThrowIfNull(now);
        double? interval = before is null ? null : (now.Clock - before.Clock).TotalSeconds;
        return new(SchemaName, toolVersion, now.Time.ToUniversalTime(), interval, [.. rows.Select(row => ChannelPart.From(row, before is not null))]);
    }

    /// <summary>One channel.</summary>
    internal sealed record ChannelPart(
        uint? Relid, uint? Subchannel, string? ClassName, Guid? ClassId, Guid? InstanceId, string Device, uint? DeviceRelid, string? Driver, string? Uio,
        uint? Vp, string? Signal, bool? LowLatency, int? MonitorId, bool? Pending, uint? PendingWord, double? LatencyUs, RingPart Outgoing, RingPart Incoming,
        CountsPart<ulong> Totals, CountsPart<double>? Rates)
    {
        public static ChannelPart From(TopRow row, bool hasRates) => new(
            row.Relid, row.Subchannel, DeviceName.Short(row.Device), row.Device.ClassId, row.Device.InstanceId, row.Device.Name, row.Device.Relid, row.Device.Driver,
            row.Device.UioName, row.Vp, row.Signal, row.IsLowLatency, row.MonitorId, row.IsPending,
            row.PendingWord, row.Latency?.TotalMicroseconds, RingPart.From(row.Outgoing), RingPart.From(row.Incoming), CountsPart<ulong>.From(row.Totals),
            hasRates ? CountsPart<double>.From(row.Rates) : null);
    }

    /// <summary>One ring.</summary>
    internal sealed record RingPart(long? UsedBytes, long? SizeBytes, double? FillPercent)
    {
        public static RingPart From(TopRing ring) => new(ring.UsedBytes, ring.SizeBytes, ring.FillPercent);
    }

    /// <summary>The counters, under the names of <c>vmbus list --json</c>.</summary>
    internal sealed record CountsPart<T>(T? Interrupts, T? Events, T? InterruptsInFull, T? InterruptsOutEmpty, T? OutgoingFullFirst, T? OutgoingFullTotal)
        where T : struct
    {
        public static CountsPart<T> From(TopCounts<T> counts) => new(
            counts.Interrupts, counts.Events, counts.InterruptsInFull, counts.InterruptsOutEmpty, counts.OutgoingFullFirst, counts.OutgoingFullTotal);
    }
}
