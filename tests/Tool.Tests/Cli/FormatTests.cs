using System.Collections.Frozen;
using System.Runtime.Versioning;
using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using VmBus.Backends.Tests.Linux;

namespace VmBus.Tool.Tests.Cli;

/// <summary>
/// What the commands write as JSON is what docs/formats says. Run with VMBUS_WRITE_SCHEMAS=folder to write the schemas again, then
/// look at the difference: a field that goes, or means something else, makes a new version.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class FormatTests : IDisposable
{
    private readonly SysfsTree _guest = SysfsTree.Load("synthetic-linux-6.12.tree");
    private readonly CommandFolder _folder = new();

    private static FrozenDictionary<string, JsonTypeInfo> Documents { get; } = typeof(ToolJson).GetCustomAttributesData()
        .Where(attribute => attribute.AttributeType == typeof(JsonSerializableAttribute))
        .Select(attribute => (Type)attribute.ConstructorArguments[0].Value!)
        .Where(type => type.GetField("SchemaName") is not null)
        .ToFrozenDictionary(type => (string)type.GetField("SchemaName")!.GetRawConstantValue()!, type => ToolJson.Default.GetTypeInfo(type)!);

    private static JsonSchemaExporterOptions Exporter { get; } = new() { TreatNullObliviousAsNonNullable = true };

    public void Dispose()
    {
        _folder.Dispose();
        _guest.Dispose();
    }

    [Fact]
    public void Every_document_has_its_schema_in_the_docs()
    {
        foreach ((string name, JsonTypeInfo type) in Documents)
        {
            JsonNode schema = type.GetJsonSchemaAsNode(Exporter);
            var titled = new JsonObject { ["$schema"] = "https://json-schema.org/draft/2020-12/schema", ["title"] = name };
            foreach ((string key, JsonNode? value) in schema.AsObject())
                titled[key] = value?.DeepClone();
            string text = titled.ToJsonString(new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
            if (Environment.GetEnvironmentVariable("VMBUS_WRITE_SCHEMAS") is { Length: > 0 } folder)
                File.WriteAllText(Path.Combine(folder, FileOf(name)), text);
            else
                Assert.Equal(File.ReadAllText(Path.Combine(Schemas, FileOf(name))), text, ignoreLineEndingDifferences: true);
        }
        Assert.Equal(Documents.Keys.Select(FileOf).Order(StringComparer.Ordinal), Directory.EnumerateFiles(Schemas).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        string page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "formats.md"));
        Assert.All(Documents.Keys, name => Assert.Contains($"[`{name}`](formats/{FileOf(name)})", page, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("vmbus-list/1", "list --json --sysfs GUEST")]
    [InlineData("vmbus-top/1", "top --once --json --sysfs GUEST")]
    [InlineData("vmbus-monitor/1", "monitor --json --sysfs GUEST")]
    [InlineData("vmbus-low-latency/1", "low-latency --json --sysfs GUEST")]
    [InlineData("vmbus-doctor/1", "doctor --json")]
    [InlineData("vmbus-kvp/1", "kvp list --json --dir pools")]
    [InlineData("vmbus-kvp/1", "kvp list --events --json --dir pools")]
    [InlineData("vmbus-latency/1", "latency --simulate --seconds 0.01 --loads paced --json")]
    [InlineData("vmbus-copy/1", "copy in out --json --mode monitored")]
    [InlineData("vmbus-report/1", "report r.json --sysfs GUEST")]
    public async Task What_a_command_writes_is_valid(string name, string line)
    {
        line = line.Replace("GUEST", _guest.Root, StringComparison.Ordinal);
        (int code, string output) = await _folder.RunAsync(line.Contains("r.json", StringComparison.Ordinal) ? "\"$@\" >said && cat r.json" : "exec \"$@\" 2>said", line);
        Assert.True(code == 0, output);
        JsonNode document = JsonNode.Parse(output)!;
        Assert.Equal(name, document["schema"]!.GetValue<string>());
        JsonObject schema = Schema(name);
        Assert.Empty(SchemaCheck.Of(schema, document));

        // The check is one: a field that is not described, one that is missing, one of another type.
        JsonObject more = document.DeepClone().AsObject();
        more["surprise"] = 1;
        Assert.Equal(["$.surprise is not in the schema"], SchemaCheck.Of(schema, more));
        JsonObject fewer = document.DeepClone().AsObject();
        fewer.Remove("tool_version");
        Assert.Equal(["$.tool_version is missing"], SchemaCheck.Of(schema, fewer));
        JsonObject other = document.DeepClone().AsObject();
        other["tool_version"] = 7;
        Assert.Equal(["$.tool_version is a number, not string"], SchemaCheck.Of(schema, other));
    }

    private static string Schemas => Path.Combine(AppContext.BaseDirectory, "formats");

    private static string FileOf(string name) => name.Replace('/', '-') + ".schema.json";

    private static JsonObject Schema(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Schemas, FileOf(name))))!.AsObject();
}
