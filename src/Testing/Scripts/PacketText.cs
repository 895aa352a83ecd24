using System.Text;
using VmBus.Layout;

namespace VmBus.Testing;

/// <summary>Packets as a person reads them, and compares them.</summary>
internal static class PacketText
{
    private const int Shown = 32;

    /// <summary>A payload: its length, its first bytes, and as text where it is text.</summary>
    public static string Of(ReadOnlySpan<byte> payload)
    {
        ReadOnlySpan<byte> text = payload.TrimEnd((byte)0);
        string bytes = text.Length > 0 && text.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0
            ? $"\"{Encoding.ASCII.GetString(text[..Math.Min(text.Length, Shown)])}"
            : Convert.ToHexString(payload[..Math.Min(payload.Length, Shown)]);
        bool isCut = (bytes.StartsWith('"') ? text.Length : payload.Length) > Shown;
        return payload.IsEmpty ? "without a payload" : $"of {payload.Length} bytes {bytes}{(isCut ? "..." : "")}{(bytes.StartsWith('"') ? "\"" : "")}";
    }

    public static string Of(ReceivedPacket packet)
    {
        string kind = packet.Type switch
        {
            PacketType.DataInBand => packet.WantsCompletion ? "a request" : "a packet",
            PacketType.Completion => "a completion",
            PacketType other => $"a packet of type {other}",
        };
        return $"{kind} {Of(packet.Payload.Span)}, transaction id 0x{packet.TransactionId:x}";
    }

    public static bool IsInBand(ReceivedPacket packet) => packet.Type == PacketType.DataInBand;

    /// <summary>Whether a packet carries a payload and its padding.</summary>
    public static bool IsSame(ReceivedPacket packet, ReadOnlySpan<byte> payload)
    {
        ReadOnlySpan<byte> read = packet.Payload.Span;
        return read.Length == (payload.Length + 7 & ~7) && read[..payload.Length].SequenceEqual(payload) && read[payload.Length..].IndexOfAnyExcept((byte)0) < 0;
    }
}
