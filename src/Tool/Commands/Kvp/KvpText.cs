// Pairs and events as a person reads them: a line each, whatever a host or another program put into them.

namespace VmBus.Tool;

/// <summary>Writes pairs and events.</summary>
internal static class KvpText
{
    /// <summary>Writes pairs by pool.</summary>
    public static void Write(TextWriter writer, string directory, IReadOnlyList<KvpPair> pairs)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (pairs.Count == 0)
            writer.WriteLine($"no pairs in {directory}");
        foreach (var pool in pairs.GroupBy(static pair => pair.Pool))
        {
            writer.WriteLine($"{pool.Key.Name()} ({pool.Key.Number()})");
            foreach (KvpPair pair in pool)
                writer.WriteLine($"  {OneLine.Of(pair.Key)} = {OneLine.Of(pair.Value)}");
        }
    }

    /// <summary>Writes events in the order of the pool.</summary>
    public static void Write(TextWriter writer, string directory, IReadOnlyList<KvpEvent> events)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (events.Count == 0)
            writer.WriteLine($"no events in {directory}");
        foreach (KvpEvent one in events)
        {
            string agent = one.Agent == KvpEventWriter.CloudInit ? "" : $"{OneLine.Of(one.Agent)} ";
            string result = one.Result is null ? "" : $" {OneLine.Of(one.Result)}";
            string message = one.IsCompressed ? $": {one.Message.Length} characters, compressed there; --json shows them" : one.Message.Length > 0 ? $": {OneLine.Of(one.Message)}" : "";
            writer.WriteLine($"{OneLine.Of(one.Time ?? "-")} {agent}{OneLine.Of(one.Type)} {OneLine.Of(one.Name)}{result}{message}{(one.IsDamaged ? " (damaged)" : "")}");
        }
    }
}
