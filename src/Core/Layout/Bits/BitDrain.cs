// What SyncBits.Drain found. Mirrors the scan of vmbus_chan_sched (Linux drivers/hv/vmbus_drv.c), for_each_set_bit with
// sync_test_and_clear_bit, taken a word at a time as OpenVMM's channel_bitmap does.

using System.Numerics;
using System.Runtime.CompilerServices;

namespace VmBus.Layout;

/// <summary>
/// Takes set bits out of shared memory while it is enumerated, and yields their indexes, lowest first. Each word is taken
/// at once by an exchange with zero; words that read as zero are only read.
/// </summary>
/// <remarks>
/// A bit set while the enumeration goes on is yielded if its word was still to come, and stays set if not: it is neither
/// lost nor yielded twice. An enumeration that is left early, by <c>break</c> or an exception, puts back what it had
/// taken and not yielded. Enumerate it once, on one thread.
/// </remarks>
/// <typeparam name="T"><see cref="uint"/> or <see cref="ulong"/>.</typeparam>
internal ref struct BitDrain<T>
    where T : unmanaged, IBinaryInteger<T>
{
    private readonly Span<T> _words;
    private T _taken;
    private int _next;

    internal BitDrain(Span<T> words)
    {
        _words = words;
        Current = -1;
    }

    /// <summary>The index of the bit just taken.</summary>
    public int Current { get; private set; }

    /// <summary>This drain.</summary>
    public readonly BitDrain<T> GetEnumerator() => this;

    /// <summary>Goes on to the next bit that was set.</summary>
    /// <returns><see langword="false"/> when there is none left.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext()
    {
        if (_taken == T.Zero && !TakeNextWord())
            return false;

        Current = (_next - 1) * Unsafe.SizeOf<T>() * 8 + int.CreateTruncating(T.TrailingZeroCount(_taken));
        _taken &= _taken - T.One;
        return true;
    }

    /// <summary>Puts back the bits that were taken and not yielded. <c>foreach</c> calls it.</summary>
    public void Dispose()
    {
        if (_taken == T.Zero)
            return;

        ref T word = ref _words[_next - 1];
        if (typeof(T) == typeof(ulong))
            Interlocked.Or(ref Unsafe.As<T, ulong>(ref word), ulong.CreateTruncating(_taken));
        else
            Interlocked.Or(ref Unsafe.As<T, uint>(ref word), uint.CreateTruncating(_taken));
        _taken = T.Zero;
    }

    private bool TakeNextWord()
    {
        while (_next < _words.Length)
        {
            ref T word = ref _words[_next++];
            // An exchange pulls the cache line over for writing; most words of a page never change.
            if (IsZero(ref word))
                continue;
            _taken = Interlocked.Exchange(ref word, T.Zero);
            if (_taken != T.Zero)
                return true;
        }

        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsZero(ref T word) => typeof(T) == typeof(ulong)
        ? Volatile.Read(ref Unsafe.As<T, ulong>(ref word)) == 0
        : Volatile.Read(ref Unsafe.As<T, uint>(ref word)) == 0;
}
