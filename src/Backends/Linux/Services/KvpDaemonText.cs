// UTF-8 text of fixed room, ended by a zero byte: what the kernel's hv_kvp gives its daemon, and its daemon keeps in files.

using System.Text;
using System.Text.Unicode;

namespace VmBus.Linux;

internal static class KvpDaemonText
{
    /// <summary>Reads text up to a zero, or all of it.</summary>
    /// <returns><see langword="false"/> when it is no UTF-8, or has more UTF-16 units than may be.</returns>
    public static bool TryRead(ReadOnlySpan<byte> room, int maxUnits, out string text)
    {
        text = "";
        ReadOnlySpan<byte> bytes = Ended(room);
        if (!Utf8.IsValid(bytes) || Encoding.UTF8.GetCharCount(bytes) > maxUnits)
            return false;
        text = Encoding.UTF8.GetString(bytes);
        return true;
    }

    /// <summary>Reads text that another process has written: what is no UTF-8 is replaced, what is too long is cut after a whole character.</summary>
    public static string ReadLenient(ReadOnlySpan<byte> room, int maxUnits)
    {
        string text = Encoding.UTF8.GetString(Ended(room));
        if (text.Length <= maxUnits)
            return text;
        return text[..(char.IsHighSurrogate(text[maxUnits - 1]) ? maxUnits - 1 : maxUnits)];
    }

    /// <summary>Writes text and its zero, cut after a whole character where it does not fit; what is behind them is zero, too.</summary>
    /// <returns>Bytes of the text, its zero included.</returns>
    public static uint Write(string text, Span<byte> room)
    {
        room.Clear();
        Utf8.FromUtf16(text, room[..^1], out _, out int written);
        return (uint)written + 1;
    }

    private static ReadOnlySpan<byte> Ended(ReadOnlySpan<byte> room)
    {
        int end = room.IndexOf((byte)0);
        return end < 0 ? room : room[..end];
    }
}
