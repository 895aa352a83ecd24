// The JSON document of a copy: stable names, units in names.

using System.Text.Json.Serialization;

namespace VmBus.Tool;

/// <summary>The document <c>vmbus copy --json</c> writes.</summary>
internal sealed record CopyDocument(
    string Schema,
    string ToolVersion,
    string Input,
    string Output,
    int MessageSizeBytes,
    int RingSizeBytes,
    int Processes,
    IReadOnlyList<CopyDocument.CopyPart> Copies)
{
    /// <summary>The schema's name and version.</summary>
    public const string SchemaName = "vmbus-copy/1";

    /// <summary>Makes the document of a run.</summary>
    public static CopyDocument From(CopyOptions options, IReadOnlyList<CopyResult> results, string toolVersion)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(results);
        return new(SchemaName, toolVersion, options.Input, options.Output, options.MessageSize, options.RingSize, options.Processes,
            [.. results.Select(CopyPart.From)]);
    }

    /// <summary>One mode.</summary>
    internal sealed record CopyPart(
        string Mode,
        long Bytes,
        long Packets,
        long ElapsedNs,
        double BytesPerSecond,
        [property: JsonPropertyName("sent_sha256")] string SentSha256,
        [property: JsonPropertyName("received_sha256")] string ReceivedSha256,
        bool Equal,
        LatencyDocument.SignalPart Signals,
        long HostWakeups,
        double? PacketsPerWakeup)
    {
        /// <summary>Makes the part of a result.</summary>
        public static CopyPart From(CopyResult result) => new(
            result.Mode.Name(),
            result.Bytes,
            result.Packets,
            result.Elapsed.Ticks * TimeSpan.NanosecondsPerTick,
            result.BytesPerSecond,
            Convert.ToHexStringLower(result.SentSha256),
            Convert.ToHexStringLower(result.ReceivedSha256),
            result.Equal,
            LatencyDocument.SignalPart.From(result.Signals),
            result.HostWakeups,
            result.PacketsPerWakeup);
    }
}
