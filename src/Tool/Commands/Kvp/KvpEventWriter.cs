// Makes pairs of events. The layouts are those of cloud-init's HyperVKvpReportingHandler and of azure-init's libazureinit-kvp.

using System.Globalization;
using System.Text;

namespace VmBus.Tool;

/// <summary>
/// Writes events as their agents do: <c>CLOUD_INIT|incarnation|VM|type|name|id</c> with JSON, long texts as several pairs, each with
/// its number behind the key; or <c>agent|VM|level|name|span</c> with the text itself, long ones as several pairs of the same key.
/// </summary>
internal static class KvpEventWriter
{
    /// <summary>The agent of the first layout.</summary>
    public const string CloudInit = "cloud-init";

    /// <summary>With what its keys begin.</summary>
    public const string CloudInitPrefix = "CLOUD_INIT";

    /// <summary>
    /// The most bytes of a value. Azure's host reads 1,022; cloud-init writes 1,024, of which Linux's hv_kvp sends 1,022 characters.
    /// </summary>
    public const int MaxValue = 1022;

    private const int MaxKey = 511;
    private const int LeastMessage = 64;
    private const char Separator = '|';

    /// <summary>The pairs of an event.</summary>
    /// <exception cref="UsageException">Names are too long, or have a separator in them.</exception>
    public static IReadOnlyList<(string Key, string Value)> Write(KvpEvent one)
    {
        ArgumentNullException.ThrowIfNull(one);
        foreach (string part in new[] { one.Agent, one.Type, one.Name, one.Id })
        {
            if (part.Length == 0 || part.Contains(Separator, StringComparison.Ordinal) || part.Any(char.IsControl))
                throw new UsageException($"'{OneLine.Of(part)}': the parts of an event's key must not be empty, nor have '{Separator}' or control characters in them");
        }

        IReadOnlyList<(string Key, string Value)> pairs = one.Agent == CloudInit ? WriteCloudInit(one) : WriteAgent(one);
        return pairs.All(static pair => Encoding.UTF8.GetByteCount(pair.Key) <= MaxKey) ? pairs
            : throw new UsageException($"the key of the event is longer than {MaxKey} bytes: give it a shorter name");
    }

    private static List<(string, string)> WriteCloudInit(KvpEvent one)
    {
        string key = string.Create(CultureInfo.InvariantCulture, $"{CloudInitPrefix}|{one.Incarnation ?? 0}|{(one.VmId is { } vm ? $"{vm:D}|" : "")}{one.Type}|{one.Name}|{one.Id}");
        string whole = Json(one, null, one.Message);
        if (whole.Length <= MaxValue)
            return [(key, whole)];

        List<(string, string)> pairs = [];
        StringBuilder piece = new();
        int left = Room(0);
        foreach (Rune rune in one.Message.EnumerateRunes())
        {
            // Cut between characters, never within the escape of one, so that each piece is JSON of its own.
            int length = Escaped(rune);
            if (length > left)
                Close();
            piece.Append(rune.ToString());
            left -= length;
        }

        Close();
        return pairs;

        int Room(int index)
        {
            int room = MaxValue - Json(one, index, "").Length;
            return room >= LeastMessage ? room : throw new UsageException("the name of the event leaves no room for its message: give it a shorter one");
        }

        void Close()
        {
            pairs.Add((string.Create(CultureInfo.InvariantCulture, $"{key}|{pairs.Count}"), Json(one, pairs.Count, piece.ToString())));
            piece.Clear();
            left = Room(pairs.Count);
        }
    }

    private static List<(string, string)> WriteAgent(KvpEvent one)
    {
        string key = $"{one.Agent}|{one.VmId ?? Guid.Empty:D}|{one.Type}|{one.Name}|{one.Id}";
        List<(string, string)> pairs = [];
        StringBuilder piece = new();
        int left = MaxValue;
        // Not as azure-init, which cuts within characters.
        foreach (Rune rune in one.Message.Replace('\0', '\uFFFD').EnumerateRunes())
        {
            if (rune.Utf8SequenceLength > left)
            {
                pairs.Add((key, piece.ToString()));
                piece.Clear();
                left = MaxValue;
            }

            piece.Append(rune.ToString());
            left -= rune.Utf8SequenceLength;
        }

        pairs.Add((key, piece.ToString()));
        return pairs;
    }

    // ASCII: bytes are characters.
    private static int Escaped(Rune rune) => Escape(rune.ToString()).Length;

    private static string Json(KvpEvent one, int? index, string message)
    {
        StringBuilder json = new("{");
        Add("name", one.Name);
        Add("type", one.Type);
        Add("ts", one.Time ?? "");
        if (one.Result is { } result)
            Add("result", result);
        if (index is { } number)
            json.Append(CultureInfo.InvariantCulture, $"\"msg_i\":{number},");

        // The last, as in cloud-init's pieces: readers look for its end there.
        return json.Append(CultureInfo.InvariantCulture, $"\"msg\":\"{Escape(message)}\"}}").ToString();

        void Add(string name, string text) => json.Append(CultureInfo.InvariantCulture, $"\"{name}\":\"{Escape(text)}\",");
    }

    // What must be, and what is not ASCII, as cloud-init does. The encoders of System.Text.Json escape more, or less.
    private static string Escape(string text)
    {
        StringBuilder escaped = new(text.Length);
        foreach (char one in text)
        {
            escaped.Append(one switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                < ' ' or > '~' => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)one:x4}"),
                _ => one.ToString(),
            });
        }

        return escaped.ToString();
    }
}
