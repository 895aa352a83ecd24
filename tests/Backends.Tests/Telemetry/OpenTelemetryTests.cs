using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace VmBus.Backends.Tests.Telemetry;

public class OpenTelemetryTests
{
    [Fact]
    public async Task Its_exporter_gets_the_packets_of_a_channel_by_end_and_direction()
    {
        var exported = new List<Metric>();
        using MeterProvider provider = Sdk.CreateMeterProviderBuilder().AddMeter("VmBus").AddInMemoryExporter(exported).Build();
        await using ObservedChannel observed = await ObservedChannel.OpenAsync();
        await observed.ExchangeAsync(packets: 5, length: 16);

        Assert.True(provider.ForceFlush());

        Metric packets = Assert.Single(exported, metric => metric.Name == "vmbus.channel.packets");
        Assert.Equal("{packet}", packets.Unit);
        var points = new Dictionary<(string End, string Direction), long>();
        foreach (ref readonly MetricPoint point in packets.GetMetricPoints())
        {
            var tags = new Dictionary<string, object?>();
            foreach (KeyValuePair<string, object?> tag in point.Tags)
                tags.Add(tag.Key, tag.Value);
            if (tags["vmbus.device.instance"] as string == observed.Instance)
                points.Add(((string)tags["vmbus.end"]!, (string)tags["vmbus.direction"]!), point.GetSumLong());
        }
        Assert.Equal(5, points[("guest", "sent")]);
        Assert.Equal(5, points[("guest", "received")]);
        Assert.Equal(5, points[("host", "sent")]);
        Assert.Equal(4, points.Count);
    }
}
