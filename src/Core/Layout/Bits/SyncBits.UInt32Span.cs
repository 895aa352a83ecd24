// The sync_set_bit family on any number of 32-bit words.

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Layout;

partial class SyncBits
{
    /// <summary>Sets one bit: <c>sync_set_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="bits">The bits, 32 a word.</param>
    /// <param name="index">The bit, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set(Span<uint> bits, int index) => Set(ref WordOf(bits, index), index & 31);

    /// <summary>Clears one bit: <c>sync_clear_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="bits">The bits, 32 a word.</param>
    /// <param name="index">The bit, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Clear(Span<uint> bits, int index) => Clear(ref WordOf(bits, index), index & 31);

    /// <summary>Inverts one bit: <c>sync_change_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="bits">The bits, 32 a word.</param>
    /// <param name="index">The bit, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Change(Span<uint> bits, int index) => Change(ref WordOf(bits, index), index & 31);

    /// <summary>Sets one bit and tells what it was: <c>sync_test_and_set_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="bits">The bits, 32 a word.</param>
    /// <param name="index">The bit, from 0.</param>
    /// <returns>Whether the bit was set before.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestAndSet(Span<uint> bits, int index) => TestAndSet(ref WordOf(bits, index), index & 31);

    /// <summary>Clears one bit and tells what it was: <c>sync_test_and_clear_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="bits">The bits, 32 a word.</param>
    /// <param name="index">The bit, from 0.</param>
    /// <returns>Whether the bit was set before.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestAndClear(Span<uint> bits, int index) => TestAndClear(ref WordOf(bits, index), index & 31);

    /// <summary>Inverts one bit and tells what it was: <c>sync_test_and_change_bit</c>. Atomic, a full barrier.</summary>
    /// <param name="bits">The bits, 32 a word.</param>
    /// <param name="index">The bit, from 0.</param>
    /// <returns>Whether the bit was set before.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestAndChange(Span<uint> bits, int index) => TestAndChange(ref WordOf(bits, index), index & 31);

    /// <summary>Tells whether one bit is set: <c>sync_test_bit</c>. An acquiring read, no full barrier.</summary>
    /// <param name="bits">The bits, 32 a word.</param>
    /// <param name="index">The bit, from 0.</param>
    /// <returns>Whether the bit is set.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such bit.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(ReadOnlySpan<uint> bits, int index) => Test(ref WordOf(bits, index), index & 31);

    /// <summary>Finds the lowest set bit: <c>find_first_bit</c>. Reads word by word, acquiring; no full barrier.</summary>
    /// <param name="bits">The bits, 32 a word.</param>
    /// <returns>The bit, or -1 when none is set.</returns>
    public static int FindFirst(ReadOnlySpan<uint> bits) => FindNext(bits, 0);

    /// <summary>Finds the lowest set bit from some bit on: <c>find_next_bit</c>. Reads word by word, acquiring; no full barrier.</summary>
    /// <param name="bits">The bits, 32 a word.</param>
    /// <param name="from">The first bit to look at; at the number of bits there is nothing to find.</param>
    /// <returns>The bit, or -1 when none is set from there on.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="from"/> is negative or above the number of bits.</exception>
    public static int FindNext(ReadOnlySpan<uint> bits, int from)
    {
        if ((uint)from > (ulong)bits.Length * 32)
            ThrowNoSuchBit(from, (long)bits.Length * 32, nameof(from));

        uint wanted = uint.MaxValue << (from & 31);
        for (int i = from / 32; i < bits.Length; i++)
        {
            uint seen = Volatile.Read(in bits[i]) & wanted;
            if (seen != 0)
                return i * 32 + BitOperations.TrailingZeroCount(seen);
            wanted = uint.MaxValue;
        }

        return -1;
    }

    /// <summary>
    /// Takes the set bits and tells which they were, word by word while it is enumerated. Atomic by word; a full barrier
    /// for each word that is not zero. See <see cref="BitDrain{T}"/>.
    /// </summary>
    /// <param name="bits">The bits, 32 a word.</param>
    /// <returns>The bits that were set, lowest first; enumerate it once.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static BitDrain<uint> Drain(Span<uint> bits) => new(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref uint WordOf(ReadOnlySpan<uint> bits, int index)
    {
        uint word = (uint)index / 32;
        if (word >= (uint)bits.Length)
            ThrowNoSuchBit(index, (long)bits.Length * 32, nameof(index));
        return ref Unsafe.Add(ref MemoryMarshal.GetReference(bits), word);
    }
}
