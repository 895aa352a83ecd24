// The names of hv_start_fcopy: 260 UTF-16 units, the last of them a zero (Linux include/uapi/linux/hyperv.h).

using System.Runtime.InteropServices;
using System.Text;

namespace VmBus.Integration;

/// <summary>Reads and writes names, strictly: what is not UTF-16 is refused and never replaced.</summary>
internal static class FileCopyText
{
    private const int MaxLength = IcFileCopyText.Length - 1;

    private static readonly UnicodeEncoding Strict = new(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true);

    /// <summary>The name, if it can be written.</summary>
    /// <exception cref="ArgumentException">It is too long, holds a zero, or half of a surrogate pair.</exception>
    public static string Checked(string name)
    {
        KvpText.Checked(name, MaxLength);

        // Throws EncoderFallbackException, which is an ArgumentException and says where.
        Strict.GetByteCount(name);
        return name;
    }

    /// <summary>Writes a name that was checked; what is behind it is zero.</summary>
    public static void Write(string name, Span<ushort> room) => KvpText.Write(name, room);

    /// <summary>Reads a name.</summary>
    /// <returns>
    /// <see langword="false"/> without a zero at its end, with half of a surrogate pair, or with anything behind the zero: a name
    /// that goes on there is read otherwise by other code.
    /// </returns>
    public static bool TryRead(ReadOnlySpan<ushort> room, out string name)
    {
        name = "";
        int end = room.IndexOf((ushort)0);
        if (end < 0 || room[end..].ContainsAnyExcept((ushort)0))
            return false;
        try
        {
            name = Strict.GetString(MemoryMarshal.AsBytes(room[..end]));
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
