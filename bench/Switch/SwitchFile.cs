// The figures as JSON, and back: the document vmbus-switch/1.

using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using VmBus.Tool;

namespace VmBus.Switch;

/// <summary>What a file of figures holds.</summary>
/// <param name="Schema">What it is.</param>
/// <param name="Taken">When, UTC.</param>
/// <param name="Processor">The processor of the machine that emulates.</param>
/// <param name="Cores">Its cores.</param>
/// <param name="Note">What else ran there.</param>
/// <param name="Runs">A guest each.</param>
internal sealed record SwitchFile(string Schema, DateTime Taken, string Processor, int Cores, string Note, IReadOnlyList<SwitchRun> Runs)
{
    /// <summary>The schema's name and version.</summary>
    public const string Version = "vmbus-switch/1";

    /// <summary>A file of figures taken on this machine.</summary>
    public static SwitchFile Here(IReadOnlyList<SwitchRun> runs, string note) => new(Version, DateTime.UtcNow, ReadProcessor(), Environment.ProcessorCount, note, runs);

    /// <summary>Writes the file.</summary>
    public void Write(string path)
    {
        using FileStream file = File.Create(path);
        JsonSerializer.Serialize(file, this, SwitchJson.Default.SwitchFile);
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="ToolException">It holds no figures.</exception>
    public static SwitchFile Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        try
        {
            return JsonSerializer.Deserialize(file, SwitchJson.Default.SwitchFile) is { Schema: Version, Runs.Count: > 0 } read
                ? read : throw new ToolException($"'{path}' is no document {Version}");
        }
        catch (JsonException wrong)
        {
            throw new ToolException($"'{path}' holds no figures: {wrong.Message}", wrong);
        }
    }

    private static string ReadProcessor()
    {
        const string Model = "model name";
        string? line = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith(Model, StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 1)..].Trim();
    }
}

/// <summary>How it is written.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SwitchFile))]
internal sealed partial class SwitchJson : JsonSerializerContext;
