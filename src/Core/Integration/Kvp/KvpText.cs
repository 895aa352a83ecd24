// UTF-16 text of fixed room, as key-value messages have it (Linux drivers/hv/hv_kvp.c).

using System.Runtime.InteropServices;
using System.Text;

namespace VmBus.Integration;

/// <summary>Reads and writes text that ends with a zero unless it fills its room.</summary>
internal static class KvpText
{
    /// <summary>The text, if it fits.</summary>
    /// <exception cref="ArgumentException">It is too long, or holds a zero, where readers would end it.</exception>
    public static string Checked(string text, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > maxLength || text.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException($"The text has {text.Length} UTF-16 units; it can have up to {maxLength}, without zeros.", nameof(text));
        return text;
    }

    /// <summary>Writes text and its zero; what is behind them is zero, too.</summary>
    /// <returns>Bytes of the text, its zero included.</returns>
    public static uint Write(string text, Span<byte> room)
    {
        room.Clear();
        return (uint)Encoding.Unicode.GetBytes(text, room) + 2;
    }

    /// <summary>Writes text into units.</summary>
    public static void Write(string text, Span<ushort> room) => Write(text, MemoryMarshal.AsBytes(room));

    /// <summary>Reads text of so many bytes, up to a zero if one comes before.</summary>
    /// <returns><see langword="false"/> when there is no room for so many, or a half unit.</returns>
    public static bool TryRead(ReadOnlySpan<byte> room, uint length, out string text)
    {
        text = "";
        if (length > (uint)room.Length || length % 2 != 0)
            return false;
        text = Read(MemoryMarshal.Cast<byte, ushort>(room[..(int)length]));
        return true;
    }

    /// <summary>Reads text up to a zero, or all there is.</summary>
    public static string Read(ReadOnlySpan<ushort> room)
    {
        int end = room.IndexOf((ushort)0);
        return Encoding.Unicode.GetString(MemoryMarshal.AsBytes(end < 0 ? room : room[..end]));
    }
}
