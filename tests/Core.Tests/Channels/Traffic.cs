using Xunit;

namespace VmBus.Core.Tests.Channels;

/// <summary>Packets whose length and every byte follow from their number, so that a lost, torn or swapped one is seen.</summary>
internal static class Traffic
{
    private static readonly byte[] Pattern = MakePattern();

    /// <summary>The payload of a packet by its number.</summary>
    public static ReadOnlySpan<byte> Payload(long number, int maxLength)
    {
        ulong mixed = (ulong)number * 0x9E37_79B9_7F4A_7C15;
        mixed ^= mixed >> 29;
        int length = (int)(mixed % (uint)(maxLength + 1));

        // Mostly short ones, as in real traffic, and now and then one near the limit.
        if ((mixed >> 32 & 7) != 0)
            length %= 65;
        return Pattern.AsSpan((int)(mixed >> 40 & 0xFFF), length);
    }

    public static void AssertIs(long number, int maxLength, in RingPacket packet)
    {
        ReadOnlySpan<byte> expected = Payload(number, maxLength);
        ReadOnlySpan<byte> payload = packet.Payload;
        if (packet.TransactionId != (ulong)number
            || payload.Length != (expected.Length + 7) / 8 * 8
            || !payload[..expected.Length].SequenceEqual(expected)
            || payload[expected.Length..].IndexOfAnyExcept((byte)0) >= 0)
        {
            Assert.Fail($"Packet {number} came as {packet.TransactionId} with {payload.Length} bytes, {expected.Length} were sent.");
        }
    }

    private static byte[] MakePattern()
    {
        byte[] pattern = new byte[4096 + 65536];
        new Random(7).NextBytes(pattern);
        return pattern;
    }
}
