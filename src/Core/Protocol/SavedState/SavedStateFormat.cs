// The head of a saved state, and the numbers of its records. The fields are listed in docs/saved-state.md.


namespace VmBus.Protocol;

/// <summary>What every saved state has, of whatever kind. All numbers are little-endian.</summary>
internal static class SavedStateFormat
{
    /// <summary>The version that is written, and the only one that is read.</summary>
    public const ushort Version = 1;

    /// <summary>The bytes of the head: magic, version, kind, length of the body, checksum.</summary>
    public const int HeadSize = 20;

    internal const int VersionOffset = 8;
    internal const int KindOffset = 10;
    internal const int LengthOffset = 12;
    internal const int ChecksumOffset = 16;

    /// <summary>The bytes of a record's head: number, zero, length.</summary>
    internal const int RecordHeadSize = 8;

    internal static ReadOnlySpan<byte> Magic => "VMBUSSAV"u8;

    /// <summary>The checksum of a whole saved state: CRC-32C of every byte but the checksum's own four.</summary>
    /// <param name="state">The saved state, at least its head.</param>
    /// <exception cref="ArgumentException">It is shorter than a head.</exception>
    public static uint ChecksumOf(ReadOnlySpan<byte> state)
    {
        if (state.Length < HeadSize)
            throw new ArgumentException($"A saved state has a header of {HeadSize} bytes; this one has {state.Length} in total.", nameof(state));
        return Checksum.Of(state[..ChecksumOffset], state[HeadSize..]);
    }
}
