// How straight-line production code is stopped before each of its accesses without a thread of its own: it is run again
// from the start of its segment with the results so far. The first access without a result is the one it has come to;
// from there on it runs to its end on zeros, and nothing of that counts.

namespace VmBus.Core.Tests.Exploration;

/// <summary>What an <see cref="Actor"/> reaches the modelled memory through.</summary>
internal sealed class ModelThread
{
    private readonly byte[] _results = new byte[StateLayout.Results];
    private int _known;
    private int _next;

    /// <summary>The access the segment has come to, when <see cref="Stopped"/>.</summary>
    public Access Pending { get; private set; }

    /// <summary>Whether the segment has come to an access whose result is not known.</summary>
    public bool Stopped { get; private set; }

    public string? Failure { get; private set; }

    public void Begin(ReadOnlySpan<byte> results)
    {
        results.CopyTo(_results);
        _known = results.Length;
        _next = 0;
        Stopped = false;
        Failure = null;
    }

    public uint Load(int cell) => Do(AccessKind.Load, cell);

    public uint FreeLoad(int cell) => Do(AccessKind.FreeLoad, cell);

    public void Consume(int cell, uint expected) => Do(AccessKind.Consume, cell, expected);

    public uint Acquire(int cell) => Do(AccessKind.Acquire, cell);

    public uint Until(int cell, uint not) => Do(AccessKind.Until, cell, not);

    public void Store(int cell, uint value) => Do(AccessKind.Store, cell, value);

    public void Release(int cell, uint value) => Do(AccessKind.Release, cell, value);

    public uint Exchange(int cell, uint value) => Do(AccessKind.Exchange, cell, value);

    public uint Or(int cell, uint value) => Do(AccessKind.Or, cell, value);

    public void Fence() => Do(AccessKind.Fence, 0);

    public uint Take(int cell) => Do(AccessKind.Take, cell);

    public void Lock(int cell) => Do(AccessKind.Lock, cell);

    public void Note(int what, uint value) => Do(AccessKind.Note, what, value);

    public void Fail(string why)
    {
        if (!Stopped)
            Failure ??= why;
    }

    private uint Do(AccessKind kind, int cell, uint value = 0)
    {
        if (Stopped)
            return 0;
        if (_next < _known)
            return _results[_next++];
        Pending = new Access(kind, (byte)cell, checked((byte)value));
        Stopped = true;
        return 0;
    }
}
