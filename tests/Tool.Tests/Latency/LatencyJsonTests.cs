using System.Text.Json;
using System.Text.Json.Nodes;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Latency;

public class LatencyJsonTests
{
    [Fact]
    public void What_is_read_is_what_was_written()
    {
        string json = Write(LatencyDocument.From(FakeReport.Of(works: true), "1.2.3"));
        Assert.Equal(json, Write(Read(json)));
    }

    [Fact]
    public void Names_are_stable_and_carry_their_units()
    {
        JsonNode document = JsonNode.Parse(Write(LatencyDocument.From(FakeReport.Of(works: true), "1.2.3")))!;
        SortedSet<string> names = new(StringComparer.Ordinal);
        Collect(document, "");
        Golden.Check("latency-json-names.txt", string.Join('\n', names) + "\n");

        void Collect(JsonNode? node, string path)
        {
            if (node is JsonObject members)
            {
                foreach ((string name, JsonNode? value) in members)
                {
                    names.Add($"{path}{name}");
                    Collect(value, $"{path}{name}.");
                }
            }
            else if (node is JsonArray array)
            {
                foreach (JsonNode? item in array)
                    Collect(item, path);
            }
        }
    }

    [Fact]
    public void Numbers_are_those_of_the_report()
    {
        LatencyReport report = FakeReport.Of(works: true);
        LatencyDocument document = Read(Write(LatencyDocument.From(report, "1.2.3")));
        Assert.Equal("vmbus-latency/1", document.Schema);
        Assert.Equal(100_000, document.Options.WindowNs);
        Assert.Equal(500_000, document.MachineNoise!.SleepP99Ns);
        Assert.Equal(report.Cells.Count, document.Cells.Count);
        foreach ((LatencyCell cell, LatencyDocument.CellPart part) in report.Cells.Zip(document.Cells))
        {
            Assert.Equal((cell.Mode.Name(), cell.Load.Name()), (part.Mode, part.Load));
            Assert.Equal(cell.Latencies.Percentile(99.9), part.Latency.P999Ns);
            Assert.Equal(cell.UrgentLatencies?.Percentile(50), part.UrgentLatency?.P50Ns);
            Assert.Equal(cell.Signals.Promoted, part.Signals.Promoted);
            Assert.Equal(cell.Cpu!.Scan!.Value.Ticks * 100, part.Cpu!.ScanNs);
            Assert.Equal(cell.DataPacketsPerWakeup, part.DataPacketsPerWakeup);
        }
    }

    [Fact]
    public void Sentences_can_be_read_without_decoding() => Assert.Contains(
        "the 100 µs window", Write(LatencyDocument.From(FakeReport.Of(works: true), "1.2.3")), StringComparison.Ordinal);

    [Fact]
    public void An_unknown_document_is_refused() => Assert.Throws<JsonException>(() => Read("{}"));

    private static string Write(LatencyDocument document) => JsonSerializer.Serialize(document, ToolJson.Indented.LatencyDocument);

    private static LatencyDocument Read(string json) => JsonSerializer.Deserialize(json, ToolJson.Indented.LatencyDocument)!;
}
