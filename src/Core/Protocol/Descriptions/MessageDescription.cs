// What a channel message says, as text. Nothing here is judged: ChannelMessages.Check does that.

using System.Buffers.Binary;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>
/// What a channel message says: its name, its fields, and what is wrong with it. Made of any bytes at all: a message that is
/// cut or of unknown type is described as far as it goes. Holds only what the bytes say; at most a few hundred short texts.
/// </summary>
internal sealed class MessageDescription
{
    private MessageDescription(ChannelMessageType? type, int length, IReadOnlyList<MessageField> fields, string? problem)
    {
        Type = type;
        Length = length;
        Fields = fields;
        Problem = problem;
    }

    /// <summary>Its number; <see langword="null"/> where the message ends before it does.</summary>
    public ChannelMessageType? Type { get; }

    /// <summary>Its name here; "Unknown" where it has none.</summary>
    public string Name => Type is { } type && ChannelMessages.Rule(type) is not null ? type.ToString() : "Unknown";

    /// <summary>Its name in Linux; <see langword="null"/> where it has none there.</summary>
    public string? LinuxName => Type is { } type ? MessageNames.OfLinux(type) : null;

    /// <summary>How many bytes it had, header included.</summary>
    public int Length { get; }

    /// <summary>What it says, in the order of the bytes.</summary>
    public IReadOnlyList<MessageField> Fields { get; }

    /// <summary>What is wrong with it, in a sentence without a full stop; <see langword="null"/> when nothing is.</summary>
    public string? Problem { get; }

    /// <summary>What it says in few words: the channel first, then how it went, then in the order of the bytes.</summary>
    public IEnumerable<string> Briefs =>
        Fields.OrderBy(one => one.Name switch { "relid" => 0, "status" or "connection_state" => 1, _ => 2 }).Select(one => one.Brief).OfType<string>();

    /// <summary>Describes a message.</summary>
    /// <param name="message">The message, header included, or the part of it that is known.</param>
    /// <param name="negotiated">What was negotiated before it.</param>
    /// <param name="proposed">
    /// The version that was last proposed on the connection, which a response's layout depends on;
    /// <see langword="default"/> when it is not known.
    /// </param>
    /// <param name="fault">What was found wrong with it.</param>
    /// <param name="length">How many bytes it had, where that is more than is known; otherwise -1.</param>
    public static MessageDescription Of(
        ReadOnlySpan<byte> message, NegotiatedVersion negotiated, ProtocolVersion proposed = default, MessageFault fault = MessageFault.None, int length = -1)
    {
        length = Math.Max(length, message.Length);
        List<MessageField> fields = [];
        ChannelMessageType? type = message.Length >= sizeof(uint) ? (ChannelMessageType)BinaryPrimitives.ReadUInt32LittleEndian(message) : null;
        if (message.Length < ChannelMessageHeader.Size)
        {
            if (type is not null && ChannelMessages.Rule(type.Value) is null)
                AddNumber(fields, type.Value);
            if (!message.IsEmpty)
                fields.Add(new("bytes", ValueText.Dump(message)));
            return new(type, length, fields, ProblemOf(fault, $"ends {ChannelMessageHeader.Size - length} bytes before its header does"));
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(message[sizeof(uint)..]) is not 0 and var padding)
            fields.Add(new("padding", $"0x{padding:X8}"));
        var reader = new FieldReader(message[ChannelMessageHeader.Size..], fields);
        if (ChannelMessages.Rule(type!.Value) is not { } rule)
        {
            AddNumber(fields, type.Value);
            reader.Rest("bytes");
            return new(type, length, fields, ProblemOf(fault == MessageFault.None ? MessageFault.UnknownType : fault, null));
        }

        MessageFields.Read(ref reader, rule.Type, negotiated, proposed);
        reader.Rest(reader.IsCut ? "cut" : "trailing");
        if (length > message.Length)
            fields.Add(new("not_kept", $"{length - message.Length} bytes", Number: (ulong)(length - message.Length)));
        int missing = rule.MinimumLength(negotiated) - length;
        return new(type, length, fields, ProblemOf(fault, missing > 0 ? $"ends {missing} bytes early" : reader.IsCut ? "ends within a field" : null));
    }

    /// <summary>Name and fields in one line.</summary>
    /// <returns>The line.</returns>
    public override string ToString()
    {
        string line = Briefs.Any() ? $"{Name}: {string.Join(", ", Briefs)}" : Name;
        return Problem is null ? line : $"{line} ({Problem})";
    }

    private static void AddNumber(List<MessageField> fields, ChannelMessageType type) => fields.Add(new("type", $"{(uint)type}", $"type {(uint)type}", (uint)type));

    private static string? ProblemOf(MessageFault fault, string? cut)
    {
        string? found = fault switch
        {
            MessageFault.None => null,
            MessageFault.TooShort => "too short",
            MessageFault.TooLong => "longer than 240 bytes",
            MessageFault.UnknownType => "unknown message type",
            MessageFault.WrongDirection => "the other side sends this",
            MessageFault.NotConnected => "no version is negotiated yet",
            MessageFault.NotInVersion => "newer than the negotiated version",
            MessageFault.FeatureNotNegotiated => "of a feature not negotiated",
            MessageFault.UnknownTarget => "its target does not exist",
            MessageFault.WrongState => "its target is in the wrong state",
            MessageFault.InvalidField => "has a field with an invalid value",
            MessageFault.LimitExceeded => "exceeds a limit of its sender",
            _ => fault.ToString(),
        };
        return found is null ? cut : cut is null ? found : fault == MessageFault.TooShort ? $"too short: {cut}" : $"{found}; {cut}";
    }
}
