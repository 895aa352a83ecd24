// One file that the host copied, or tried to, as a line of text or of JSON.

using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using VmBus.Integration;

namespace VmBus.Tool;

/// <summary>A line of <c>vmbus fcopy</c>: stable names, units in names, null for what is not known.</summary>
internal sealed record FileCopyLine(
    DateTimeOffset Time, string Outcome, string? Path, string? FileName, ulong? SizeBytes, bool? Overwrite, bool? CreatePath,
    ulong ReceivedBytes, double Seconds, string Status, string? Reason)
{
    /// <summary>Makes the line of a copy that ended.</summary>
    public static FileCopyLine From(FileCopyReport report, DateTimeOffset time) => new(
        time, report.Outcome.ToString().ToLowerInvariant(), report.Request?.Path, report.Request?.FileName, report.Request?.Size,
        Has(report, IcFileCopyFlags.Overwrite), Has(report, IcFileCopyFlags.CreatePath), report.Bytes, report.Duration.TotalSeconds,
        string.Create(CultureInfo.InvariantCulture, $"0x{(uint)report.Verdict.Status:x8}"), report.Verdict.Reason);

    /// <summary>The line as text. Whatever the host put into names, it is one line.</summary>
    public string Text()
    {
        string when = Time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        string what = FileName is null ? "a file" : string.Create(CultureInfo.InvariantCulture, $"\"{Escape(FileName)}\" in \"{Escape(Path!)}\", {SizeBytes} bytes");
        string how = Outcome == "completed"
            ? string.Create(CultureInfo.InvariantCulture, $"in {Seconds:0.000} s")
            : string.Create(CultureInfo.InvariantCulture, $"after {ReceivedBytes} bytes: {Status}{(Reason is null ? "" : $", {Escape(Reason)}")}");
        return $"{when} {Outcome} {what} {how}";
    }

    /// <summary>The line as JSON.</summary>
    public string Json() => JsonSerializer.Serialize(this, ToolJson.Default.FileCopyLine);

    private static bool? Has(FileCopyReport report, IcFileCopyFlags flag) => report.Request is { } request ? (request.Flags & flag) != 0 : null;

    private static string Escape(string text) => JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString();
}
