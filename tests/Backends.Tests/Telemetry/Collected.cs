using System.Diagnostics.Metrics;

namespace VmBus.Backends.Tests.Telemetry;

/// <summary>What a listener reads of the meter at one moment.</summary>
internal sealed class Collected : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly List<(string Name, long Value, Dictionary<string, object?> Tags)> _measured = [];

    public Collected()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "VmBus")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _measured.Add((instrument.Name, value, tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value))));
        _listener.Start();
    }

    public IReadOnlyList<(string Name, long Value, Dictionary<string, object?> Tags)> Read()
    {
        _measured.Clear();
        _listener.RecordObservableInstruments();
        return _measured;
    }

    /// <summary>One series: of a channel's end, with one more attribute where the instrument has it. Null where there is none.</summary>
    public long? Read(string name, string end, string instance, string? attribute = null)
    {
        (string Name, long Value, Dictionary<string, object?> Tags)[] found =
        [
            .. Read().Where(m => m.Name == name && m.Tags.GetValueOrDefault("vmbus.end") as string == end
                && m.Tags.GetValueOrDefault("vmbus.device.instance") as string == instance && (attribute is null || m.Tags.ContainsValue(attribute))),
        ];
        return found.Length == 0 ? null : Assert.Single(found).Value;
    }

    /// <summary>A total that no channel owns.</summary>
    public long Total(string name, string? value = null) => Read().Where(m => m.Name == name && (value is null || m.Tags.ContainsValue(value))).Sum(m => m.Value);

    public void Dispose() => _listener.Dispose();
}
