namespace VmBus.Samples;

/// <summary>The keys of a US keyboard that type one character each, by their codes of scan code set 1.</summary>
internal static class ScanCodes
{
    public const ushort LeftShift = 0x2A;

    private static readonly (ushort First, string Plain, string Shifted)[] Rows =
    [
        (0x02, "1234567890-=", "!@#$%^&*()_+"),
        (0x10, "qwertyuiop[]\n", "QWERTYUIOP{}\n"),
        (0x1E, "asdfghjkl;'`", "ASDFGHJKL:\"~"),
        (0x2C, "zxcvbnm,./", "ZXCVBNM<>?"),
        (0x39, " ", " "),
    ];

    /// <summary>Finds the key of a character.</summary>
    /// <exception cref="ArgumentException">No key types it.</exception>
    public static (ushort Code, bool IsShifted) Find(char character)
    {
        foreach ((ushort first, string plain, string shifted) in Rows)
        {
            if (plain.IndexOf(character) is var at and >= 0)
                return ((ushort)(first + at), false);
            if (shifted.IndexOf(character) is var above and >= 0)
                return ((ushort)(first + above), true);
        }
        throw new ArgumentException($"No key types U+{(int)character:X4}.", nameof(character));
    }

    /// <summary>Says what a key types; <see langword="null"/> for one that is not in the table.</summary>
    public static char? ToCharacter(ushort code, bool isShifted)
    {
        foreach ((ushort first, string plain, string shifted) in Rows)
        {
            if (code >= first && code - first < plain.Length)
                return (isShifted ? shifted : plain)[code - first];
        }
        return null;
    }
}
