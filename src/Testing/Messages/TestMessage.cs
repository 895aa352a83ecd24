using System.Buffers.Binary;
using VmBus.Protocol;

namespace VmBus.Testing;

/// <summary>A channel message of a test: guest and host exchange them about offers, GPADLs, opens and closes. Immutable.</summary>
/// <param name="Direction">The direction of the message.</param>
/// <param name="Bytes">The message, including its header: at most 240 bytes if it is valid.</param>
public sealed record TestMessage(MessageDirection Direction, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Its name in the protocol, without prefix: "OfferChannel", "OpenChannelResult"; "Unknown" if it has none.</summary>
    public string Name => Description.Name;

    /// <summary>Returns the same message with one 32-bit field changed.</summary>
    /// <param name="offset">
    /// The offset of the field, in bytes from the start of the header; the message's own fields begin at 8.
    /// </param>
    /// <param name="value">The new value, stored little-endian.</param>
    /// <exception cref="ArgumentOutOfRangeException">The message has no four bytes there.</exception>
    public TestMessage WithUInt32(int offset, uint value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Bytes.Length - sizeof(uint));
        byte[] changed = Bytes.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(offset), value);
        return this with { Bytes = changed };
    }

    /// <summary>Direction, name and fields in one line.</summary>
    public override string ToString() => $"{(Direction == MessageDirection.GuestToHost ? "guest -> host" : "host -> guest")}  {Description}";

    /// <summary>Whether it has the same direction and bytes.</summary>
    /// <param name="other">The other message.</param>
    public bool Equals(TestMessage? other) => other is not null && Direction == other.Direction && Bytes.Span.SequenceEqual(other.Bytes.Span);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Direction);
        hash.AddBytes(Bytes.Span);
        return hash.ToHashCode();
    }

    // As of the newest version: what an older message has not is not missed.
    private MessageDescription Description => MessageDescription.Of(Bytes.Span, default);

    internal ChannelMessageType Type => Description.Type ?? ChannelMessageType.Invalid;
}
