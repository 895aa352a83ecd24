// Makes events of pairs, which any program of the guest may have written: nothing of them is believed.

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace VmBus.Tool;

/// <summary>Finds the events among pairs. See <see cref="KvpEventWriter"/> for their layouts.</summary>
internal static class KvpEventReader
{
    /// <summary>The key of the report that ends a provisioning.</summary>
    public const string ReportKey = "PROVISIONING_REPORT";

    /// <summary>The most characters that are unpacked of a compressed text: a few bytes can stand for very many.</summary>
    public const int MostUnpacked = 1 << 20;

    private const string Compressed = "compressed";
    private const string MessageStart = "\"msg\":\"";
    private const string MessageEnd = "\"}";

    /// <summary>The events, in the order of their first pairs.</summary>
    /// <param name="pairs">The pairs of a pool, in its order.</param>
    public static IReadOnlyList<KvpEvent> Read(IEnumerable<(string Key, string Value)> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        OrderedDictionary<string, (KvpEvent Head, List<(int? Index, string Value)> Pieces)> found = new(StringComparer.Ordinal);
        foreach ((string key, string value) in pairs)
        {
            if (!TryReadKey(key, out string? whole, out int? index, out KvpEvent? head))
                continue;
            if (!found.TryGetValue(whole, out (KvpEvent Head, List<(int? Index, string Value)> Pieces) one))
                found.Add(whole, one = (head, []));
            one.Pieces.Add((index, value));
        }

        return [.. found.Values.Select(static one => one.Head switch
        {
            { Name: ReportKey, Agent: "" } report => Report(report, one.Pieces[^1].Value),
            { Agent: KvpEventWriter.CloudInit } head => Unpack(Join(head, one.Pieces)),
            var head => head with { Message = string.Concat(one.Pieces.Select(static piece => piece.Value)) },
        })];
    }

    private static bool TryReadKey(string key, [NotNullWhen(true)] out string? whole, out int? index, [NotNullWhen(true)] out KvpEvent? head)
    {
        (whole, index, head) = (null, null, null);
        if (key == ReportKey)
        {
            (whole, head) = (key, new KvpEvent { Agent = "", Type = "report", Name = ReportKey, Id = "", Message = "" });
            return true;
        }

        string[] parts = key.Split('|');
        if (parts[0] == KvpEventWriter.CloudInitPrefix)
            return TryReadCloudInitKey(parts, out whole, out index, out head);
        if (parts.Length < 5 || !Guid.TryParseExact(parts[1], "D", out Guid vm))
            return false;
        (whole, head) = (key, new KvpEvent { Agent = parts[0], VmId = vm, Type = parts[2], Name = parts[3], Id = string.Join('|', parts[4..]), Message = "" });
        return true;
    }

    // CLOUD_INIT|incarnation|[VM|]type|name|id[|index]. A name may have the separator in it; the id tells where it ends.
    private static bool TryReadCloudInitKey(string[] parts, [NotNullWhen(true)] out string? whole, out int? index, [NotNullWhen(true)] out KvpEvent? head)
    {
        (whole, index, head) = (null, null, null);
        if (parts.Length < 5 || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long incarnation))
            return false;
        if (!Guid.TryParseExact(parts[^1], "D", out _))
        {
            if (!int.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                return false;
            index = number;
            parts = parts[..^1];
        }

        int type = parts.Length > 5 && Guid.TryParseExact(parts[2], "D", out _) ? 3 : 2;
        if (parts.Length < type + 3 || !Guid.TryParseExact(parts[^1], "D", out _))
            return false;
        whole = string.Join('|', parts);
        head = new KvpEvent
        {
            Agent = KvpEventWriter.CloudInit,
            Incarnation = incarnation,
            VmId = type == 3 ? Guid.ParseExact(parts[2], "D") : null,
            Type = parts[type],
            Name = string.Join('|', parts[(type + 1)..^1]),
            Id = parts[^1],
            Message = "",
        };
        return true;
    }

    private static KvpEvent Join(KvpEvent head, List<(int? Index, string Value)> pieces)
    {
        // A piece that was written twice counts once, the newer.
        (int? Index, string Value)[] ordered = [.. pieces.GroupBy(static piece => piece.Index).Select(static same => same.Last()).OrderBy(static piece => piece.Index)];
        bool isWhole = ordered is [{ Index: null }] || ordered.Select(static piece => piece.Index).SequenceEqual(Enumerable.Range(0, ordered.Length).Cast<int?>());
        StringBuilder message = new();
        string? time = null, result = null;
        foreach ((_, string value) in ordered)
        {
            isWhole &= TryReadPiece(value, out string escaped, ref time, ref result);
            message.Append(escaped);
        }

        return head with { Time = time, Result = result, Message = Unescape(message.ToString()), IsDamaged = !isWhole };
    }

    // cloud-init cuts a text that is escaped already, also within an escape: such a piece is no JSON, and only all of them together are text.
    private static bool TryReadPiece(string value, out string escaped, ref string? time, ref string? result)
    {
        int start = value.IndexOf(MessageStart, StringComparison.Ordinal);
        bool isLast = start >= 0 && value.EndsWith(MessageEnd, StringComparison.Ordinal) && value.Length >= start + MessageStart.Length + MessageEnd.Length;
        escaped = isLast ? value[(start + MessageStart.Length)..^MessageEnd.Length] : "";
        try
        {
            using JsonDocument json = JsonDocument.Parse(isLast ? string.Concat(value.AsSpan(0, start), MessageStart, MessageEnd) : value);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return Damaged(out escaped);
            time ??= Text(json.RootElement, "ts");
            result ??= Text(json.RootElement, "result");
            if (!isLast)
                escaped = (Text(json.RootElement, "msg") ?? "").Replace("\\", "\\\\", StringComparison.Ordinal);
            return true;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return Damaged(out escaped);
        }

        // As it is, rather than nothing.
        bool Damaged(out string text)
        {
            text = value.Replace("\\", "\\\\", StringComparison.Ordinal);
            return false;
        }
    }

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;

    private static string Unescape(string text)
    {
        StringBuilder plain = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                plain.Append(text[i]);
                continue;
            }

            char escape = text[++i];
            if (escape == 'u' && i + 4 < text.Length && ushort.TryParse(text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit))
            {
                plain.Append((char)unit);
                i += 4;
                continue;
            }

            plain.Append(escape switch
            {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'b' => '\b',
                'f' => '\f',
                _ => escape,
            });
        }

        return plain.ToString();
    }

    private static KvpEvent Unpack(KvpEvent one)
    {
        if (one.Type != Compressed)
            return one;
        try
        {
            using JsonDocument json = JsonDocument.Parse(one.Message);
            if (json.RootElement.ValueKind != JsonValueKind.Object || Text(json.RootElement, "encoding") != "gz+b64" || Text(json.RootElement, "data") is not { } data)
                return one with { IsDamaged = true };
            using ZLibStream unpacking = new(new MemoryStream(Convert.FromBase64String(data)), CompressionMode.Decompress);
            using StreamReader reader = new(unpacking, Encoding.UTF8);
            char[] text = new char[MostUnpacked + 1];
            int length = reader.ReadBlock(text);
            return one with { Message = new string(text, 0, Math.Min(length, MostUnpacked)), IsCompressed = true, IsDamaged = one.IsDamaged || length > MostUnpacked };
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidDataException or InvalidOperationException)
        {
            return one with { IsDamaged = true };
        }
    }

    // result=success|agent=Azure-Init/0.1.1|pps_type=None|vm_id=...|timestamp=...
    private static KvpEvent Report(KvpEvent head, string value)
    {
        Dictionary<string, string> parts = new(StringComparer.Ordinal);
        foreach (string part in value.Split('|'))
        {
            string[] pair = part.Split('=', 2);
            if (pair.Length == 2)
                parts.TryAdd(pair[0], pair[1]);
        }

        return head with
        {
            Agent = parts.GetValueOrDefault("agent") ?? "",
            VmId = Guid.TryParseExact(parts.GetValueOrDefault("vm_id"), "D", out Guid vm) ? vm : null,
            Time = parts.GetValueOrDefault("timestamp"),
            Result = parts.GetValueOrDefault("result"),
            Message = value,
            IsDamaged = !parts.ContainsKey("result"),
        };
    }
}
