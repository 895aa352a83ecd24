using System.Text.Json;
using System.Text.Json.Serialization;

namespace VmBus.Tool;

/// <summary>Source-generated writing of <see cref="TopDocument"/>: no reflection, so NativeAOT-clean.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NewLine = "\n")]
[JsonSerializable(typeof(TopDocument))]
internal sealed partial class TopJson : JsonSerializerContext
{
    private static readonly TopJson Indented = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NewLine = "\n",
    });

    /// <summary>Writes a document.</summary>
    /// <returns>JSON with line feeds, without one at the end.</returns>
    public static string Write(TopDocument document, bool indented) =>
        JsonSerializer.Serialize(document, (indented ? Indented : Default).TopDocument);
}
