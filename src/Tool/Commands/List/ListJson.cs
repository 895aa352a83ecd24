using System.Text.Json;
using System.Text.Json.Serialization;

namespace VmBus.Tool;

/// <summary>Source-generated writing of <see cref="ListDocument"/>: no reflection, so NativeAOT-clean.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(ListDocument))]
internal sealed partial class ListJson : JsonSerializerContext
{
    /// <summary>Writes a document.</summary>
    /// <returns>Indented JSON with line feeds, without one at the end.</returns>
    public static string Write(ListDocument document) => JsonSerializer.Serialize(document, Default.ListDocument);
}
