// How straight-line code is stopped before each of its accesses without a thread of its own: it is run again from the
// start of its step with the results so far. The first access without a result is the one it has come to; from there on
// it runs to its end on zeros, and nothing of that counts.

namespace VmBus.Testing;

/// <summary>
/// One thread of an <see cref="InterleavingScenario"/>, and its access to the modelled memory. Cells are the numbers that
/// <see cref="InterleavingScenario.AddCell"/> returned; a cell holds 0 to 255. Use it only inside the thread's own code.
/// </summary>
/// <remarks>
/// Every method with a cell parameter throws <see cref="ArgumentOutOfRangeException"/> for a cell that does not exist and a
/// value that a cell cannot hold.
/// </remarks>
public sealed class ModelThread
{
    // Straight-line code ends long before; only a loop on the result of an access gets here.
    private const int MaxAccessesBehindStop = 100_000;

    private readonly byte[] _results = new byte[StateLayout.Results];
    private int _known;
    private int _next;
    private int _behindStop;

    internal ModelThread()
    {
    }

    /// <summary>The access the step has come to, when <see cref="Stopped"/>.</summary>
    internal Access Pending { get; private set; }

    /// <summary>Whether the step has come to an access whose result is not known.</summary>
    internal bool Stopped { get; private set; }

    internal string? Failure { get; private set; }

    /// <summary>How many cells there are.</summary>
    internal int CellCount { get; set; } = byte.MaxValue;

    /// <summary>A plain load.</summary>
    /// <param name="cell">The cell.</param>
    public uint Load(int cell) => Do(AccessKind.Load, cell);

    /// <summary>A plain store.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="value">The new value.</param>
    public void Store(int cell, uint value) => Do(AccessKind.Store, cell, value);

    /// <summary>A load with acquire semantics: <see cref="Volatile.Read(ref readonly uint)"/>.</summary>
    /// <param name="cell">The cell.</param>
    public uint Acquire(int cell) => Do(AccessKind.Acquire, cell);

    /// <summary>A store with release semantics: <see cref="Volatile.Write(ref uint, uint)"/>.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="value">The new value.</param>
    public void Release(int cell, uint value) => Do(AccessKind.Release, cell, value);

    /// <summary><see cref="Interlocked.Exchange(ref uint, uint)"/>.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="value">The new value.</param>
    /// <returns>The old value.</returns>
    public uint Exchange(int cell, uint value) => Do(AccessKind.Exchange, cell, value);

    /// <summary><see cref="Interlocked.CompareExchange(ref uint, uint, uint)"/>.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="value">The new value, if the comparison succeeds.</param>
    /// <param name="comparand">The value that the cell must hold.</param>
    /// <returns>The old value.</returns>
    public uint CompareExchange(int cell, uint value, uint comparand) => Do(AccessKind.CompareExchange, cell, value, comparand);

    /// <summary><see cref="Interlocked.Add(ref uint, uint)"/>, modulo 256; unlike that one, it returns the old value.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="value">What to add.</param>
    /// <returns>The old value.</returns>
    public uint Add(int cell, uint value) => Do(AccessKind.Add, cell, value);

    /// <summary><see cref="Interlocked.Or(ref uint, uint)"/>.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="value">The bits to set.</param>
    /// <returns>The old value.</returns>
    public uint Or(int cell, uint value) => Do(AccessKind.Or, cell, value);

    /// <summary>A full fence: <see cref="Thread.MemoryBarrier"/>.</summary>
    public void Fence() => Do(AccessKind.Fence, 0);

    /// <summary>Spins with acquire loads until a cell holds a value other than <paramref name="not"/>.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="not">The value that ends the wait when it changes.</param>
    /// <returns>The new value.</returns>
    public uint Until(int cell, uint not) => Do(AccessKind.Until, cell, not);

    /// <summary>Sleeps until a cell is not zero, then exchanges it for zero: an auto-reset event.</summary>
    /// <param name="cell">The cell.</param>
    /// <returns>The value taken.</returns>
    public uint Take(int cell) => Do(AccessKind.Take, cell);

    /// <summary>Sleeps until a cell is zero, then exchanges it for one: a lock. <c>Release(cell, 0)</c> unlocks.</summary>
    /// <param name="cell">The cell.</param>
    public void Lock(int cell) => Do(AccessKind.Lock, cell);

    /// <summary>Fails the current interleaving unless a condition holds.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="message">The failure if it does not hold.</param>
    public void Assert(bool condition, string message)
    {
        if (!condition)
            Fail(message);
    }

    /// <summary>A plain load, on whose value no later store depends.</summary>
    internal uint FreeLoad(int cell) => Do(AccessKind.FreeLoad, cell);

    internal void Consume(int cell, uint expected) => Do(AccessKind.Consume, cell, expected);

    internal void Note(int what, uint value) => Do(AccessKind.Note, what, value);

    internal void Begin(ReadOnlySpan<byte> results)
    {
        results.CopyTo(_results);
        _known = results.Length;
        _next = 0;
        _behindStop = 0;
        Stopped = false;
        Failure = null;
    }

    // Behind an access whose result is not known the code runs on zeros, and what it finds is no failure.
    internal void Fail(string why)
    {
        if (!Stopped)
            Failure ??= why;
    }

    private uint Do(AccessKind kind, int cell, uint value = 0, uint comparand = 0)
    {
        if (Stopped)
        {
            if (++_behindStop > MaxAccessesBehindStop)
                throw new InvalidOperationException($"A loop of a modelled thread depends on the result of an access, which it must not: wait with {nameof(Until)}, {nameof(Take)} or {nameof(Lock)}, or add a step that repeats.");
            return 0;
        }
        if (_next < _known)
            return _results[_next++];
        if (kind != AccessKind.Note)
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)cell, (uint)CellCount, nameof(cell));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, byte.MaxValue);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(comparand, byte.MaxValue);
        Pending = new Access(kind, (byte)cell, (byte)value, (byte)comparand);
        Stopped = true;
        return 0;
    }
}
