using System.Text.Json;
using System.Text.Json.Serialization;

namespace VmBus.Tool;

/// <summary>Source-generated writing of <see cref="DoctorDocument"/>: no reflection, so NativeAOT-clean.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, NewLine = "\n")]
[JsonSerializable(typeof(DoctorDocument))]
internal sealed partial class DoctorJson : JsonSerializerContext
{
    /// <summary>Writes a document.</summary>
    /// <returns>Indented JSON with line feeds, without one at the end.</returns>
    public static string Write(DoctorDocument document) => JsonSerializer.Serialize(document, Default.DoctorDocument);
}
