namespace VmBus.Tool;

/// <summary>The columns, from left to right.</summary>
internal static class TopColumns
{
    private const int ShownAsLongAsPossible = 0;
    private const int InstanceDigits = 8;

    /// <summary>All columns.</summary>
    public static IReadOnlyList<TopColumn> All { get; } =
    [
        Id("channel", "CHAN", 5, ShownAsLongAsPossible, 'c', static row => row.Relid, "relid of the channel"),
        Words("device", "DEVICE", 10, ShownAsLongAsPossible, 'd', static row => row.Name, "class of the device; /N: its subchannel N"),
        Words("instance", "INSTANCE", InstanceDigits, 12, null, static row => row.Device.InstanceId?.ToString("D")[..InstanceDigits] ?? TopNumber.Unknown, "first digits of the device's instance"),
        Words("driver", "DRIVER", 9, 6, null, static row => row.Device.Driver ?? TopNumber.Unknown, "driver the device is bound to"),
        Id("vp", "VP", 3, 3, 'v', static row => row.Vp, "virtual processor that the host interrupts"),
        Words("signal", "SIGNAL", 9, 3, 's', static row => row.IsLowLatency == true && row.IsMonitored == true ? "low-lat" : row.Signal ?? TopNumber.Unknown, "monitored, hypercall, or low-lat: hypercall by the flag"),
        Id("monitor", "MON", 3, 5, null, static row => row.MonitorId, "monitor of the channel, 0 to 127"),
        Id("pending", "PEND", 4, 5, null, static row => row.IsPending is { } pending ? (pending ? 1 : 0) : null, "1: the monitor's bit was set just then"),
        Number("latency", "LAT-us", 6, 2, 'l', static row => row.Latency?.TotalMicroseconds, "the monitor's latency hint in microseconds", descending: false),
        Number("out", "OUT%", 4, 1, 'o', static row => row.Outgoing.FillPercent, "fill of the ring the guest writes"),
        Number("out-bytes", "OUT-B", 6, 8, null, static row => row.Outgoing.UsedBytes, "the same in bytes"),
        Number("in", "IN%", 4, 1, 'n', static row => row.Incoming.FillPercent, "fill of the ring the guest reads"),
        Number("in-bytes", "IN-B", 6, 8, null, static row => row.Incoming.UsedBytes, "the same in bytes"),
        Counter("interrupts", "INTR", 7, 1, 'i', static counts => counts.Interrupts, static counts => counts.Interrupts, "interrupts of the host"),
        Counter("events", "EVENT", 7, 1, 'e', static counts => counts.Events, static counts => counts.Events, "signals by hypercall; monitored ones are not counted"),
        Counter("in-full", "INFULL", 8, 9, null, static counts => counts.InterruptsInFull, static counts => counts.InterruptsInFull, "signals because room was made in a full ring"),
        Counter("out-empty", "OUTEMPTY", 10, 7, null, static counts => counts.InterruptsOutEmpty, static counts => counts.InterruptsOutEmpty, "signals because an empty ring was written"),
        Counter("full-first", "FULL1ST", 9, 10, null, static counts => counts.OutgoingFullFirst, static counts => counts.OutgoingFullFirst, "times the outgoing ring became full"),
        Counter("full-total", "FULL", 6, 11, 'f', static counts => counts.OutgoingFullTotal, static counts => counts.OutgoingFullTotal, "writes that found it full"),
    ];

    /// <summary>The column sorted by at first: the order of <c>vmbus list</c>.</summary>
    public static TopColumn Default => All[0];

    private static TopColumn Words(string name, string header, int width, int rank, char? key, Func<TopRow, string> text, string meaning) =>
        new(name, header, width, rank, (row, _) => text(row), null) { Key = key, Meaning = meaning };

    private static TopColumn Id(string name, string header, int width, int rank, char? key, Func<TopRow, long?> id, string meaning) =>
        new(name, header, width, rank, (row, _) => TopNumber.Id(id(row)), (row, _) => id(row)) { Key = key, Meaning = meaning };

    private static TopColumn Number(string name, string header, int width, int rank, char? key, Func<TopRow, double?> number, string meaning, bool descending = true) =>
        new(name, header, width, rank, (row, _) => TopNumber.Text(number(row)), (row, _) => number(row)) { Key = key, Meaning = meaning, IsDescending = descending };

    private static TopColumn Counter(
        string name, string header, int width, int rank, char? key, Func<TopCounts<double>, double?> rate, Func<TopCounts<ulong>, double?> total, string meaning)
    {
        return new(name, header, width, rank, (row, totals) => TopNumber.Text(Value(row, totals)), Value)
        {
            Key = key,
            Meaning = meaning,
            IsCounter = true,
            IsDescending = true,
        };

        double? Value(TopRow row, bool totals) => totals ? total(row.Totals) : rate(row.Rates);
    }
}
