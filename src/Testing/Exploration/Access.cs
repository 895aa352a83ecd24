namespace VmBus.Testing;

/// <summary>One access of a modelled thread to shared memory.</summary>
/// <param name="Kind">What it does, and in which order.</param>
/// <param name="Cell">Which cell.</param>
/// <param name="Value">What is stored or added, or what <see cref="AccessKind.Consume"/> expects to find, or what <see cref="AccessKind.Until"/> does not.</param>
/// <param name="Comparand">What <see cref="AccessKind.CompareExchange"/> compares with.</param>
internal readonly record struct Access(AccessKind Kind, byte Cell, byte Value, byte Comparand = 0)
{
    public bool IsStore => Kind is AccessKind.Store or AccessKind.Release;

    /// <summary>Performed at once, and only when the thread has nothing outstanding: a full fence in both directions.</summary>
    public bool IsFence => Kind is AccessKind.Exchange or AccessKind.CompareExchange or AccessKind.Add or AccessKind.Or or AccessKind.Fence or AccessKind.Take or AccessKind.Lock;
}

internal enum AccessKind : byte
{
    /// <summary>A plain load, on whose value the program may branch.</summary>
    Load,

    /// <summary>A plain load, on whose value no later store depends.</summary>
    FreeLoad,

    /// <summary>A plain load of a value known in advance, on which nothing depends: another value is a failure.</summary>
    Consume,

    /// <summary>A load that nothing after it may pass.</summary>
    Acquire,

    /// <summary>An acquire load repeated until the cell holds another value than this: a spin, without its idle rounds.</summary>
    Until,

    /// <summary>A plain store.</summary>
    Store,

    /// <summary>A store that passes nothing before it.</summary>
    Release,

    /// <summary>An interlocked exchange.</summary>
    Exchange,

    /// <summary>An interlocked compare and exchange.</summary>
    CompareExchange,

    /// <summary>An interlocked addition.</summary>
    Add,

    /// <summary>An interlocked OR.</summary>
    Or,

    /// <summary>A full fence.</summary>
    Fence,

    /// <summary>Sleeps until the cell is not zero, then exchanges it for zero: an event that resets itself.</summary>
    Take,

    /// <summary>Sleeps until the cell is zero, then exchanges it for one.</summary>
    Lock,

    /// <summary>No access: tells the scenario's <see cref="Watch"/> what the program has decided.</summary>
    Note,
}
