// The figures as JSON, and back.

using System.Text.Json;
using System.Text.Json.Serialization;

namespace VmBus.Compare;

/// <summary>What a file of figures holds.</summary>
/// <param name="Runtime">What ran ours: the JIT or NativeAOT, and its version.</param>
/// <param name="Machine">The processor.</param>
/// <param name="Compiler">How the C loops were compiled.</param>
/// <param name="Dpdk">DPDK's library.</param>
/// <param name="Results">The figures.</param>
internal sealed record CompareFile(string Runtime, string Machine, string Compiler, string Dpdk, IReadOnlyList<CaseResult> Results)
{
    /// <summary>Writes the file.</summary>
    public void Write(string path)
    {
        using FileStream file = File.Create(path);
        JsonSerializer.Serialize(file, this, CompareFileContext.Default.CompareFile);
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="FormatException">It holds no figures.</exception>
    public static CompareFile Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        try
        {
            return JsonSerializer.Deserialize(file, CompareFileContext.Default.CompareFile) ?? throw new FormatException($"{path} is empty.");
        }
        catch (JsonException wrong)
        {
            throw new FormatException($"{path} holds no figures of compare: {wrong.Message}", wrong);
        }
    }
}

/// <summary>No reflection: NativeAOT writes it too.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, UseStringEnumConverter = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(CompareFile))]
internal sealed partial class CompareFileContext : JsonSerializerContext;
