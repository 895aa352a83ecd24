// A conversation as programs read it: a JSON object a line, so that it can be followed.

using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using VmBus.Protocol;

namespace VmBus.Tool;

/// <summary>Writes JSON lines: one for the recording, one a message, one for the end.</summary>
internal sealed class TraceJson : ITracePrinter
{
    /// <summary>What the first line says the others are.</summary>
    public const string Schema = "vmbus-trace/1";

    // The texts are ASCII; a reader should see "a quote in a text", not an escape.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly TextWriter _writer;
    private readonly MessageDescriber _describer = new();
    private long _messages;
    private TimeSpan _last;

    /// <summary>Writes to a file or pipe.</summary>
    public TraceJson(TextWriter writer) => _writer = writer;

    /// <inheritdoc/>
    public void Begin(DateTimeOffset start) => Line(json =>
    {
        json.WriteString("schema", Schema);
        json.WriteString("start", start);
    });

    /// <inheritdoc/>
    public void Print(RecordedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        Line(json => Write(json, message, _describer.Describe(message)));
        _messages++;
        _last = message.Time;
    }

    /// <inheritdoc/>
    public void Flush() => _writer.Flush();

    /// <inheritdoc/>
    public void End(int leftover, bool isAtLimit) => Line(json =>
    {
        json.WriteNumber("messages", _messages);
        json.WriteNumber("leftover_bytes", leftover);
        json.WriteBoolean("at_limit", isAtLimit);
    });

    private void Write(Utf8JsonWriter json, RecordedMessage message, MessageDescription described)
    {
        json.WriteNumber("time_ns", message.Time.Ticks * (decimal)TimeSpan.NanosecondsPerTick);
        json.WriteNumber("since_ns", (message.Time - _last).Ticks * (decimal)TimeSpan.NanosecondsPerTick);
        json.WriteString("direction", message.Direction == MessageDirection.GuestToHost ? "guest_to_host" : "host_to_guest");
        Text("version", message.Negotiated.IsNegotiated ? message.Negotiated.Version.ToString() : null);
        json.WriteNumber("features", (uint)message.Negotiated.Features);
        if (described.Type is { } type)
            json.WriteNumber("type", (uint)type);
        else
            json.WriteNull("type");
        json.WriteString("message", described.Name);
        Text("linux_name", described.LinuxName);
        json.WriteNumber("length", described.Length);
        json.WriteStartObject("fields");
        foreach (MessageField field in described.Fields)
        {
            if (field.Number is { } number)
                json.WriteNumber(field.Name, number);
            else
                json.WriteString(field.Name, field.Text);
        }

        json.WriteEndObject();
        Text("fault", message.Fault == MessageFault.None ? null : message.Fault.ToString());
        Text("problem", described.Problem);
        json.WriteString("bytes", Convert.ToHexStringLower(message.Bytes.Span));

        void Text(string name, string? value)
        {
            if (value is null)
                json.WriteNull(name);
            else
                json.WriteString(name, value);
        }
    }

    private void Line(Action<Utf8JsonWriter> write)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, Options))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        _writer.WriteLine(Encoding.UTF8.GetString(bytes.ToArray()));
    }
}
