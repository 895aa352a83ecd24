// Two ways into a recording: a file another program wrote, which checksums mostly keep out, and messages of all kinds, which
// are recorded, read back and described.
//
// Input: 0, then a file; or another byte, then messages: direction and fault (1 byte), version (4), features (4), length
// (1), bytes.

using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Fuzz;

/// <summary>
/// Reads and describes recordings. The law: what is recorded is read; a file ends, or in
/// <see cref="RecordingCorruptException"/>; whatever a message holds is told in short printable text.
/// </summary>
public static class RecordingTarget
{
    /// <summary>The first byte of an input that is a file.</summary>
    public const byte IsFile = 0;

    /// <summary>Runs one input.</summary>
    public static void Run(ReadOnlySpan<byte> input)
    {
        var rest = new FuzzInput(input);
        if (rest.Byte() == IsFile)
            ReadFile(rest.Rest.ToArray());
        else
            Record(rest);
    }

    private static void ReadFile(byte[] file)
    {
        using var reader = new ConversationReader(new MemoryStream(file));
        var describer = new MessageDescriber();
        try
        {
            while (reader.TryRead(out RecordedMessage message))
                Describe(describer, message);
            FindingException.Unless(reader.Position + reader.Leftover == file.Length, "Bytes of the file were passed over.");
        }
        catch (RecordingCorruptException e)
        {
            FindingException.Unless(e.Offset >= reader.Position && e.Offset < file.Length, $"The damage is said to lie at {e.Offset}.");
        }
    }

    private static void Record(FuzzInput input)
    {
        List<(byte Head, NegotiatedVersion Negotiated, byte[] Bytes)> written = [];
        using var file = new MemoryStream();
        using var recorder = new ConversationRecorder(file, TimeProvider.System, leaveOpen: true);
        while (!input.IsEmpty)
        {
            byte head = input.Byte();
            var negotiated = new NegotiatedVersion(new ProtocolVersion(input.Word()), (FeatureFlags)input.Word());
            byte[] bytes = input.Take(input.Byte()).ToArray();
            recorder.Observe(Direction(head), bytes, negotiated, Fault(head));
            written.Add((head, negotiated, bytes));
        }

        file.Position = 0;
        using var reader = new ConversationReader(file);
        var describer = new MessageDescriber();
        foreach ((byte head, NegotiatedVersion negotiated, byte[] bytes) in written)
        {
            FindingException.Unless(reader.TryRead(out RecordedMessage message), "A message is missing.");
            FindingException.Unless(
                message.Direction == Direction(head) && message.Fault == Fault(head) && message.Negotiated == negotiated && message.Bytes.Span.SequenceEqual(bytes),
                "A message was read as another.");
            Describe(describer, message);
        }

        FindingException.Unless(!reader.TryRead(out _) && reader.Leftover == 0, "More was read than was written.");
    }

    private static MessageDirection Direction(byte head) => (MessageDirection)(head & 1);

    private static MessageFault Fault(byte head) => (MessageFault)((head >> 1) % ((int)MessageFault.LimitExceeded + 1));

    private static void Describe(MessageDescriber describer, RecordedMessage message)
    {
        MessageDescription described = describer.Describe(message);
        var names = new HashSet<string>();
        int length = described.ToString().Length;
        foreach (MessageField field in described.Fields)
        {
            FindingException.Unless(names.Add(field.Name), $"Two fields are called {field.Name}.");
            FindingException.Unless(!field.Text.AsSpan().ContainsAnyExceptInRange(' ', '~'), $"{field.Name} is not printable.");
            length += field.Name.Length + field.Text.Length;
        }

        FindingException.Unless(length <= 2000 + (message.Bytes.Length * 12), $"{message.Bytes.Length} bytes became {length} letters.");
    }
}
