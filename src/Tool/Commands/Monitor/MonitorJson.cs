using System.Text.Json;
using System.Text.Json.Serialization;

namespace VmBus.Tool;

/// <summary>Source-generated writing of <see cref="MonitorDocument"/>: no reflection, so NativeAOT-clean.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(MonitorDocument))]
internal sealed partial class MonitorJson : JsonSerializerContext
{
    /// <summary>Writes a document.</summary>
    /// <returns>Indented JSON with line feeds, without one at the end.</returns>
    public static string Write(MonitorDocument document) => JsonSerializer.Serialize(document, Default.MonitorDocument);
}
