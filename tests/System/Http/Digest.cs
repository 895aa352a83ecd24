using System.Numerics;

namespace VmBus.SystemTest.Http;

/// <summary>Bytes that both sides can make, and their digest: CRC-32C, since the guest has no OpenSSL.</summary>
internal static class Digest
{
    public static byte[] Make(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>The digest of what had this digest, and of more behind it.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes, uint before = uint.MaxValue)
    {
        foreach (byte value in bytes)
            before = BitOperations.Crc32C(before, value);
        return before;
    }

    /// <summary>How the server tells of a body.</summary>
    public static string Text(long length, uint digest) => FormattableString.Invariant($"{length} bytes, {digest:x8}");
}
