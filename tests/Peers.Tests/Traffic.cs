using System.Runtime.CompilerServices;

namespace VmBus.Peers.Tests;

/// <summary>
/// Packets by number, the same at both ends: mostly small, some as large as the ring holds, payloads cut from one block
/// of random bytes.
/// </summary>
internal sealed class Traffic
{
    private const int BlockSize = 1 << 17;

    private readonly ulong _seed;
    private readonly int _maxPayload;
    private readonly byte[] _block;

    public Traffic(int seed, int maxPayload)
    {
        _seed = (ulong)seed << 40;
        _maxPayload = maxPayload;
        _block = new byte[BlockSize + maxPayload];
        new Random(seed).NextBytes(_block);
    }

    /// <summary>The payload, without padding.</summary>
    public ReadOnlySpan<byte> Payload(long number) => Cut(Mix(_seed + (ulong)number));

    public static ulong TransactionId(long number) => (ulong)number * 0x9E37_79B9_7F4A_7C15;

    public static bool WantsCompletion(long number) => (number & 5) == 5;

    /// <summary>Every byte of what was received, padding included.</summary>
    public void Check(long number, ReadOnlySpan<byte> payload, ulong transactionId)
    {
        ReadOnlySpan<byte> sent = Payload(number);
        if (transactionId != TransactionId(number) || payload.Length != ((sent.Length + 7) & ~7)
            || !payload[..sent.Length].SequenceEqual(sent) || payload[sent.Length..].ContainsAnyExcept((byte)0))
        {
            Fail(number, payload, transactionId);
        }
    }

    private ReadOnlySpan<byte> Cut(ulong random)
    {
        uint size = (uint)(random >> 32);
        int length = (int)((random & 0xFF) switch
        {
            < 0xC0 => size % 33,
            < 0xE0 => size % 257,
            < 0xFF => size % 1501,
            _ => size % (uint)(_maxPayload + 1),
        });
        return _block.AsSpan((int)(random >> 8) & (BlockSize - 1), Math.Min(length, _maxPayload));
    }

    /// <summary>The finaliser of splitmix64.</summary>
    public static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58_476D_1CE4_E5B9;
        x = (x ^ (x >> 27)) * 0x94D0_49BB_1331_11EB;
        return x ^ (x >> 31);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Fail(long number, ReadOnlySpan<byte> payload, ulong transactionId)
    {
        ReadOnlySpan<byte> sent = Payload(number);
        int at = payload.CommonPrefixLength(sent);
        Assert.Fail($"Packet {number}: sent {sent.Length} bytes with id {TransactionId(number):x}, received {payload.Length} bytes with id {transactionId:x}; the payloads agree up to byte {at}.");
    }
}
