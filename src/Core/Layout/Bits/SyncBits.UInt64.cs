// The sync_set_bit family on one 64-bit word.

using System.Numerics;
using System.Runtime.CompilerServices;

namespace VmBus.Layout;

partial class SyncBits
{
    /// <summary>Sets one bit of a word: <c>sync_set_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="bit">The bit, 0 to 63.</param>
    /// <exception cref="ArgumentOutOfRangeException">The word has no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set(ref ulong word, int bit)
    {
        ulong mask = 1ul << Check64(bit);
        // The result is discarded and the mask is no constant, so that this is one "lock or [word], register".
        Interlocked.Or(ref word, mask);
    }

    /// <summary>Clears one bit of a word: <c>sync_clear_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="bit">The bit, 0 to 63.</param>
    /// <exception cref="ArgumentOutOfRangeException">The word has no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Clear(ref ulong word, int bit) => Interlocked.And(ref word, ~(1ul << Check64(bit)));

    /// <summary>Inverts one bit of a word: <c>sync_change_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="bit">The bit, 0 to 63.</param>
    /// <exception cref="ArgumentOutOfRangeException">The word has no such bit.</exception>
    public static void Change(ref ulong word, int bit) => TestAndChange(ref word, bit);

    /// <summary>Sets one bit of a word and tells what it was: <c>sync_test_and_set_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="bit">The bit, 0 to 63.</param>
    /// <returns>Whether the bit was set before.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The word has no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestAndSet(ref ulong word, int bit)
    {
        ulong mask = 1ul << Check64(bit);
        return (Interlocked.Or(ref word, mask) & mask) != 0;
    }

    /// <summary>Clears one bit of a word and tells what it was: <c>sync_test_and_clear_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="bit">The bit, 0 to 63.</param>
    /// <returns>Whether the bit was set before.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The word has no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestAndClear(ref ulong word, int bit)
    {
        ulong mask = 1ul << Check64(bit);
        return (Interlocked.And(ref word, ~mask) & mask) != 0;
    }

    /// <summary>Inverts one bit of a word and tells what it was: <c>sync_test_and_change_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="bit">The bit, 0 to 63.</param>
    /// <returns>Whether the bit was set before.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The word has no such bit.</exception>
    public static bool TestAndChange(ref ulong word, int bit)
    {
        ulong mask = 1ul << Check64(bit);
        ulong seen = Volatile.Read(ref word);
        while (true)
        {
            ulong before = Interlocked.CompareExchange(ref word, seen ^ mask, seen);
            if (before == seen)
                return (before & mask) != 0;
            seen = before;
        }
    }

    /// <summary>Tells whether one bit of a word is set: <c>sync_test_bit</c>. An acquiring read, no full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="bit">The bit, 0 to 63.</param>
    /// <returns>Whether the bit is set.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The word has no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(ref readonly ulong word, int bit) => (Volatile.Read(in word) >> Check64(bit) & 1) != 0;

    /// <summary>Finds the lowest set bit of a word: <c>find_first_bit</c>. An acquiring read, no full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <returns>The bit, or -1 when none is set.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FindFirst(ref readonly ulong word)
    {
        ulong seen = Volatile.Read(in word);
        return seen == 0 ? -1 : BitOperations.TrailingZeroCount(seen);
    }

    /// <summary>Finds the lowest set bit of a word from some bit on: <c>find_next_bit</c>. An acquiring read, no full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="from">The first bit to look at, 0 to 64; from 64 on there is nothing to find.</param>
    /// <returns>The bit, or -1 when none is set from there on.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="from"/> is negative or above 64.</exception>
    public static int FindNext(ref readonly ulong word, int from) => FindNext(new ReadOnlySpan<ulong>(in word), from);

    /// <summary>
    /// Takes every set bit of a word and tells which they were. Atomic; a full barrier unless the word is zero.
    /// See <see cref="BitDrain{T}"/>.
    /// </summary>
    /// <param name="word">The word.</param>
    /// <returns>The bits that were set, lowest first; enumerate it once.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static BitDrain<ulong> Drain(ref ulong word) => new(new Span<ulong>(ref word));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Check64(int bit)
    {
        if ((uint)bit >= 64)
            ThrowNoSuchBit(bit, 64, nameof(bit));
        return bit;
    }
}
