// The JSON of every command: one context, generated from source, without reflection.

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace VmBus.Tool;

/// <summary>The documents of the commands: names in snake case, line feeds as <c>\n</c>.</summary>
/// <remarks>Two records of one name cannot be in it, nested or not: name a document's part for the document.</remarks>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NewLine = "\n")]
[JsonSerializable(typeof(CopyDocument))]
[JsonSerializable(typeof(DoctorDocument))]
[JsonSerializable(typeof(FileCopyLine))]
[JsonSerializable(typeof(KvpChange))]
[JsonSerializable(typeof(KvpDocument))]
[JsonSerializable(typeof(LatencyDocument))]
[JsonSerializable(typeof(ListDocument))]
[JsonSerializable(typeof(LowLatencyDocument))]
[JsonSerializable(typeof(MonitorDocument))]
[JsonSerializable(typeof(ProcessTopDocument))]
[JsonSerializable(typeof(ReportDocument))]
[JsonSerializable(typeof(TopDocument))]
[JsonSerializable(typeof(WindowDocument))]
internal sealed partial class ToolJson : JsonSerializerContext
{
    /// <summary>For a document of what the other side wrote, which a terminal may show: ASCII alone.</summary>
    public static ToolJson IndentedAscii => field ??= new(new JsonSerializerOptions(Default.Options) { WriteIndented = true });

    /// <summary>For a document that is read by people too: "µs" as it is, not as an escape.</summary>
    /// <remarks>What the other side names, as the file of a copy, goes into lines by <see cref="Default"/>, which leaves ASCII alone.</remarks>
    public static ToolJson Indented => field ??= new(new JsonSerializerOptions(Default.Options)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
