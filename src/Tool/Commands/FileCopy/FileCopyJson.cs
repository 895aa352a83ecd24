using System.Text.Json.Serialization;

namespace VmBus.Tool;

/// <summary>Source-generated writing of <see cref="FileCopyLine"/>: no reflection, so NativeAOT-clean.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NewLine = "\n")]
[JsonSerializable(typeof(FileCopyLine))]
internal sealed partial class FileCopyJson : JsonSerializerContext;
