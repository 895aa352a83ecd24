using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace VmBus.Tool;

/// <summary>Source-generated reading and writing of <see cref="LatencyDocument"/>: no reflection, so NativeAOT-clean.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(LatencyDocument))]
internal sealed partial class LatencyJson : JsonSerializerContext
{
    // The sentences hold "µs"; a reader of the document should too, not an escape.
    private static LatencyJson Readable => field ??= new(new JsonSerializerOptions(Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>Writes a document.</summary>
    /// <returns>Indented JSON with line feeds, without one at the end.</returns>
    public static string Write(LatencyDocument document) => JsonSerializer.Serialize(document, Readable.LatencyDocument);

    /// <summary>Reads a document.</summary>
    /// <param name="json">What <see cref="Write"/> wrote.</param>
    /// <exception cref="JsonException">It is not such a document.</exception>
    public static LatencyDocument Read(string json) =>
        JsonSerializer.Deserialize(json, Default.LatencyDocument) ?? throw new JsonException("The document is null.");
}
