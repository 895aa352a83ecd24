// The sync_set_bit family on one 32-bit word, such as pending of hv_monitor_trigger_group.

using System.Numerics;
using System.Runtime.CompilerServices;

namespace VmBus.Layout;

partial class SyncBits
{
    /// <summary>Sets one bit of a word: <c>sync_set_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="bit">The bit, 0 to 31.</param>
    /// <exception cref="ArgumentOutOfRangeException">The word has no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set(ref uint word, int bit)
    {
        uint mask = 1u << Check32(bit);
        // The result is discarded and the mask is no constant, so that this is one "lock or [word], register".
        Interlocked.Or(ref word, mask);
    }

    /// <summary>Clears one bit of a word: <c>sync_clear_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="bit">The bit, 0 to 31.</param>
    /// <exception cref="ArgumentOutOfRangeException">The word has no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Clear(ref uint word, int bit) => Interlocked.And(ref word, ~(1u << Check32(bit)));

    /// <summary>Inverts one bit of a word: <c>sync_change_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="bit">The bit, 0 to 31.</param>
    /// <exception cref="ArgumentOutOfRangeException">The word has no such bit.</exception>
    public static void Change(ref uint word, int bit) => TestAndChange(ref word, bit);

    /// <summary>Sets one bit of a word and tells what it was: <c>sync_test_and_set_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="bit">The bit, 0 to 31.</param>
    /// <returns>Whether the bit was set before.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The word has no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestAndSet(ref uint word, int bit)
    {
        uint mask = 1u << Check32(bit);
        return (Interlocked.Or(ref word, mask) & mask) != 0;
    }

    /// <summary>Clears one bit of a word and tells what it was: <c>sync_test_and_clear_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="bit">The bit, 0 to 31.</param>
    /// <returns>Whether the bit was set before.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The word has no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestAndClear(ref uint word, int bit)
    {
        uint mask = 1u << Check32(bit);
        return (Interlocked.And(ref word, ~mask) & mask) != 0;
    }

    /// <summary>Inverts one bit of a word and tells what it was: <c>sync_test_and_change_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="bit">The bit, 0 to 31.</param>
    /// <returns>Whether the bit was set before.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The word has no such bit.</exception>
    public static bool TestAndChange(ref uint word, int bit)
    {
        uint mask = 1u << Check32(bit);
        uint seen = Volatile.Read(ref word);
        while (true)
        {
            uint before = Interlocked.CompareExchange(ref word, seen ^ mask, seen);
            if (before == seen)
                return (before & mask) != 0;
            seen = before;
        }
    }

    /// <summary>Tells whether one bit of a word is set: <c>sync_test_bit</c>. An acquiring read, no full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="bit">The bit, 0 to 31.</param>
    /// <returns>Whether the bit is set.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The word has no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(ref readonly uint word, int bit) => (Volatile.Read(in word) >> Check32(bit) & 1) != 0;

    /// <summary>Finds the lowest set bit of a word: <c>find_first_bit</c>. An acquiring read, no full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <returns>The bit, or -1 when none is set.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FindFirst(ref readonly uint word)
    {
        uint seen = Volatile.Read(in word);
        return seen == 0 ? -1 : BitOperations.TrailingZeroCount(seen);
    }

    /// <summary>Finds the lowest set bit of a word from some bit on: <c>find_next_bit</c>. An acquiring read, no full barrier.</summary>
    /// <param name="word">The word.</param>
    /// <param name="from">The first bit to look at, 0 to 32; from 32 on there is nothing to find.</param>
    /// <returns>The bit, or -1 when none is set from there on.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="from"/> is negative or above 32.</exception>
    public static int FindNext(ref readonly uint word, int from) => FindNext(new ReadOnlySpan<uint>(in word), from);

    /// <summary>
    /// Takes every set bit of a word and tells which they were. Atomic; a full barrier unless the word is zero.
    /// See <see cref="BitDrain{T}"/>.
    /// </summary>
    /// <param name="word">The word.</param>
    /// <returns>The bits that were set, lowest first; enumerate it once.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static BitDrain<uint> Drain(ref uint word) => new(new Span<uint>(ref word));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Check32(int bit)
    {
        if ((uint)bit >= 32)
            ThrowNoSuchBit(bit, 32, nameof(bit));
        return bit;
    }
}
