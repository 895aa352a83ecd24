using System.Buffers.Binary;

namespace VmBus.Testing;

/// <summary>
/// Where everything stands in the bytes of one state: the cells, then each thread's locals, the results its segment has
/// got so far, and its window. Whatever is not in use is zero, so equal states are equal bytes.
/// </summary>
internal sealed class StateLayout(int cells, int threads)
{
    public const int Locals = 12;
    public const int Results = 16;
    public const int Window = 10;

    private const int Header = 4;       // ended, failure, results, accesses in the window
    private const int AccessBytes = 3;
    private const int ThreadBytes = Header + Locals + Results + Window * AccessBytes;

    private readonly int _threads = (cells + 7) & ~7;

    /// <summary>Bytes in a state: a multiple of 8.</summary>
    public int Size { get; } = (((cells + 7) & ~7) + threads * ThreadBytes + 7) & ~7;

    public Span<byte> Cells(Span<byte> state) => state[..cells];

    public Span<byte> LocalsOf(Span<byte> state, int thread) => state.Slice(At(thread) + Header, Locals);

    public ref byte Ended(Span<byte> state, int thread) => ref state[At(thread)];

    public ref byte FailureOf(Span<byte> state, int thread) => ref state[At(thread) + 1];

    public ref byte ResultCount(Span<byte> state, int thread) => ref state[At(thread) + 2];

    public ref byte WindowCount(Span<byte> state, int thread) => ref state[At(thread) + 3];

    public Span<byte> ResultsOf(Span<byte> state, int thread) => state.Slice(At(thread) + Header + Locals, Results);

    public Access InWindow(Span<byte> state, int thread, int index)
    {
        Span<byte> at = WindowOf(state, thread).Slice(index * AccessBytes, AccessBytes);
        return new Access((AccessKind)at[0], at[1], at[2]);
    }

    public void Append(Span<byte> state, int thread, in Access access)
    {
        ref byte count = ref WindowCount(state, thread);
        if (count == Window)
            throw new InvalidOperationException("The window of a modelled thread is full: the scenario needs a larger one.");
        Span<byte> at = WindowOf(state, thread).Slice(count * AccessBytes, AccessBytes);
        (at[0], at[1], at[2]) = ((byte)access.Kind, access.Cell, access.Value);
        count++;
    }

    public void Remove(Span<byte> state, int thread, int index)
    {
        Span<byte> window = WindowOf(state, thread);
        int end = WindowCount(state, thread)-- * AccessBytes;
        window[((index + 1) * AccessBytes)..end].CopyTo(window[(index * AccessBytes)..]);
        window[(end - AccessBytes)..end].Clear();
    }

    /// <summary>128 bits of a state. That two of a million states share them has a chance of one in 10^26.</summary>
    public static UInt128 Hash(ReadOnlySpan<byte> state)
    {
        ulong a = 0x9E3779B97F4A7C15, b = 0xC2B2AE3D27D4EB4F;
        for (int i = 0; i < state.Length; i += 8)
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(state[i..]);
            a = Mix(a ^ word, 0xD6E8FEB86659FD93);
            b = Mix(b + word, 0xA0761D6478BD642F);
        }

        return new UInt128(a, b);
    }

    private static ulong Mix(ulong value, ulong factor)
    {
        ulong high = Math.BigMul(value, factor, out ulong low);
        return (high ^ low) + factor;
    }

    private int At(int thread) => _threads + thread * ThreadBytes;

    private Span<byte> WindowOf(Span<byte> state, int thread)
        => state.Slice(At(thread) + Header + Locals + Results, Window * AccessBytes);
}
