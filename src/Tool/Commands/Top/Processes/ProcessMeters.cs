// What a process publishes of the meter "VmBus", as the provider System.Diagnostics.Metrics sends it: a value for each
// instrument and set of attributes, then the end of the collection. Knows no pipe: it is fed.

using System.Globalization;

namespace VmBus.Tool;

/// <summary>Gathers measurements into one row a channel. Used by one thread.</summary>
internal sealed class ProcessMeters
{
    private const string Prefix = "vmbus.channel.";

    private readonly Dictionary<ProcessChannelName, Dictionary<(string Instrument, string Kind), double>> _channels = [];
    private readonly Dictionary<string, double> _host = [];
    private ProcessReading? _before;

    /// <summary>Takes a measurement.</summary>
    /// <param name="instrument">The instrument's name.</param>
    /// <param name="tags">Its attributes: <c>name=value</c>, separated by commas.</param>
    /// <param name="value">The value: a total of a counter.</param>
    public void Add(string instrument, string tags, double value)
    {
        Dictionary<string, string> attributes = Parse(tags);
        if (!instrument.StartsWith(Prefix, StringComparison.Ordinal) || ProcessChannelName.From(attributes) is not { } name)
        {
            if (instrument.StartsWith("vmbus.", StringComparison.Ordinal))
                _host[instrument] = _host.GetValueOrDefault(instrument) + value;
            return;
        }
        string kind = attributes.FirstOrDefault(attribute => attribute.Key is "vmbus.direction" or "vmbus.signal" or "vmbus.outcome" or "vmbus.reason").Value ?? "";
        if (!_channels.TryGetValue(name, out Dictionary<(string, string), double>? values))
            _channels[name] = values = [];
        // Two channels of one name (two machines in a process may use the same GUIDs) count together.
        values[(instrument[Prefix.Length..], kind)] = values.GetValueOrDefault((instrument[Prefix.Length..], kind)) + value;
    }

    /// <summary>Ends a collection.</summary>
    /// <param name="time">When it ended, by the process's clock.</param>
    /// <returns>What it found, with rates against the one before.</returns>
    public ProcessReading Finish(DateTime time)
    {
        List<ProcessChannel> channels = [];
        foreach ((ProcessChannelName name, Dictionary<(string Instrument, string Kind), double> values) in _channels)
        {
            double? Value(string instrument, string kind = "") => values.TryGetValue((instrument, kind), out double value) ? value : null;
            var totals = new ProcessCounts(
                Value("packets", "sent"), Value("packets", "received"), Value("bytes", "sent"), Value("bytes", "received"),
                Value("signals", "monitor"), Value("signals", "hypercall"), Value("publications", "not_empty"), Value("publications", "reader_masked"),
                Value("wakeups"), Value("sends.refused"));
            channels.Add(new ProcessChannel(
                name, totals, Rates(name, totals, time),
                new TopRing((long?)Value("ring.used", "sent"), (long?)Value("ring.size", "sent")),
                new TopRing((long?)Value("ring.used", "received"), (long?)Value("ring.size", "received"))));
        }
        var host = new SortedDictionary<string, double>(_host, StringComparer.Ordinal);
        _channels.Clear();
        _host.Clear();
        double? seconds = _before is { } before ? (time - before.Time).TotalSeconds : null;
        return _before = new ProcessReading(time, seconds, [.. channels.OrderBy(channel => channel.Name)], host);
    }

    private ProcessCounts? Rates(ProcessChannelName name, ProcessCounts now, DateTime time) =>
        _before is { } before && time > before.Time && before.Channels.FirstOrDefault(channel => channel.Name == name) is { } then
            ? now.Since(then.Totals, (time - before.Time).TotalSeconds)
            : null;

    private static Dictionary<string, string> Parse(string tags)
    {
        Dictionary<string, string> attributes = new(StringComparer.Ordinal);
        foreach (string pair in tags.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (pair.IndexOf('=', StringComparison.Ordinal) is var at and > 0)
                attributes[pair[..at]] = pair[(at + 1)..];
        }
        return attributes;
    }
}

/// <summary>What identifies a channel of a process: the attributes of its metrics.</summary>
/// <param name="End"><c>guest</c> or <c>host</c>.</param>
/// <param name="DeviceClass">The class of the device: a name, or a GUID.</param>
/// <param name="Instance">The device's instance.</param>
/// <param name="Relid">The channel's number.</param>
/// <param name="Subchannel">0 of a primary channel.</param>
internal sealed record ProcessChannelName(string End, string DeviceClass, string Instance, uint Relid, int Subchannel) : IComparable<ProcessChannelName>
{
    /// <summary>The name that attributes tell; <see langword="null"/> where one is missing.</summary>
    public static ProcessChannelName? From(IReadOnlyDictionary<string, string> attributes) =>
        attributes.TryGetValue("vmbus.end", out string? end)
        && uint.TryParse(attributes.GetValueOrDefault("vmbus.channel.relid"), NumberStyles.None, CultureInfo.InvariantCulture, out uint relid)
        && int.TryParse(attributes.GetValueOrDefault("vmbus.channel.subchannel"), NumberStyles.None, CultureInfo.InvariantCulture, out int subchannel)
            ? new(end, attributes.GetValueOrDefault("vmbus.device.class", ""), attributes.GetValueOrDefault("vmbus.device.instance", ""), relid, subchannel)
            : null;

    public int CompareTo(ProcessChannelName? other) =>
        other is null ? 1 : (End, Relid, Subchannel, DeviceClass, Instance).CompareTo((other.End, other.Relid, other.Subchannel, other.DeviceClass, other.Instance));
}
