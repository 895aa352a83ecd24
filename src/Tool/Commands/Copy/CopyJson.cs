using System.Text.Json;
using System.Text.Json.Serialization;

namespace VmBus.Tool;

/// <summary>Source-generated writing of <see cref="CopyDocument"/>: no reflection, so NativeAOT-clean.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(CopyDocument))]
internal sealed partial class CopyJson : JsonSerializerContext
{
    /// <summary>Writes a document.</summary>
    /// <returns>Indented JSON with line feeds, without one at the end.</returns>
    public static string Write(CopyDocument document) => JsonSerializer.Serialize(document, Default.CopyDocument);
}
