// The JSON documents of pairs and events: stable names, null for what is not known.

namespace VmBus.Tool;

/// <summary>The document <c>vmbus kvp list --json</c> writes; with <c>--events</c>, events instead of pairs.</summary>
internal sealed record KvpDocument(
    string Schema, string ToolVersion, string Directory, IReadOnlyList<KvpDocument.KvpPairPart>? Pairs, IReadOnlyList<KvpDocument.KvpEventPart>? Events)
{
    /// <summary>The schema's name and version.</summary>
    public const string SchemaName = "vmbus-kvp/1";

    /// <summary>Makes the document of pairs.</summary>
    public static KvpDocument From(string directory, IReadOnlyList<KvpPair> pairs, string toolVersion) =>
        new(SchemaName, toolVersion, directory, [.. pairs.Select(static pair => new KvpPairPart(pair.Pool.Name(), pair.Key, pair.Value))], null);

    /// <summary>Makes the document of events.</summary>
    public static KvpDocument From(string directory, IReadOnlyList<KvpEvent> events, string toolVersion) =>
        new(SchemaName, toolVersion, directory, null, [.. events.Select(KvpEventPart.From)]);

    /// <summary>A pair.</summary>
    internal sealed record KvpPairPart(string Pool, string Key, string Value);

    /// <summary>An event.</summary>
    internal sealed record KvpEventPart(
        string Agent, long? Incarnation, Guid? VmId, string Type, string Name, string Id, string? Time, string? Result, string Message, bool Compressed, bool Damaged)
    {
        public static KvpEventPart From(KvpEvent one) => new(
            one.Agent, one.Incarnation, one.VmId, one.Type, one.Name, one.Id, one.Time, one.Result, one.Message, one.IsCompressed, one.IsDamaged);
    }
}
