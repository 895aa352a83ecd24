// A pair that was set or deleted, and how two looks at the pools are compared.

using System.Globalization;
using System.Text.Json;

namespace VmBus.Tool;

/// <summary>A line of <c>vmbus kvp watch</c>.</summary>
/// <param name="Time">When it was seen.</param>
/// <param name="Change"><c>set</c> or <c>deleted</c>.</param>
/// <param name="Pool">The pool.</param>
/// <param name="Key">The key.</param>
/// <param name="Value">The new value; <see langword="null"/> of one that was deleted.</param>
internal sealed record KvpChange(DateTimeOffset Time, string Change, string Pool, string Key, string? Value)
{
    /// <summary>What changed between two looks: first what was set, in the order of the pools, then what was deleted.</summary>
    public static IEnumerable<KvpChange> Between(IReadOnlyList<KvpPair> before, IReadOnlyList<KvpPair> after, DateTimeOffset time)
    {
        // A key may be there more than once: agents append.
        Dictionary<KvpPair, int> old = Counts(before);
        HashSet<(string, string)> keys = [.. after.Select(static pair => (pair.Pool.Name(), pair.Key))];
        foreach (KvpPair pair in after)
        {
            int count = old.GetValueOrDefault(pair);
            if (count == 0)
                yield return new(time, "set", pair.Pool.Name(), pair.Key, pair.Value);
            else
                old[pair] = count - 1;
        }

        foreach (KvpPair pair in before.DistinctBy(static pair => (pair.Pool, pair.Key)))
        {
            if (!keys.Contains((pair.Pool.Name(), pair.Key)))
                yield return new(time, "deleted", pair.Pool.Name(), pair.Key, null);
        }
    }

    /// <summary>The line as text.</summary>
    public string Text()
    {
        string when = Time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        return $"{when} {Change} {Pool} {OneLine.Of(Key)}{(Value is null ? "" : $" = {OneLine.Of(Value)}")}";
    }

    /// <summary>The line as JSON.</summary>
    public string Json() => JsonSerializer.Serialize(this, ToolJson.Default.KvpChange);

    private static Dictionary<KvpPair, int> Counts(IReadOnlyList<KvpPair> pairs) => pairs.CountBy(static pair => pair).ToDictionary();
}
