namespace VmBus.Core.Tests.Exploration;

/// <summary>In which other orders than the program's the accesses of one thread may reach memory.</summary>
/// <remarks>
/// <para>Each thread has a window: accesses that its program has passed and that have not been performed yet.</para>
/// <para><see cref="Weak"/> is modelled on Armv8, and allows all that it allows but the following. Allowed: plain stores
/// and plain loads to different cells in any order, a release store after whatever follows it, an acquire load before a
/// release store that precedes it (RCpc), a load satisfied by the thread's own store that nobody else sees yet. Not
/// allowed: an acquire load after anything that follows it; a release store before anything that precedes it; anything
/// across an interlocked operation, in either direction; two accesses to one cell out of order; a store before a load on
/// whose value the program has branched. A store becomes visible to all threads at once. Not modelled: a plain store
/// that passes a load on which its thread has branched only later, tearing of a cell, and spurious failure.</para>
/// </remarks>
internal enum MemoryModel
{
    /// <summary>None: every access is performed where the program has it.</summary>
    SequentialConsistency,

    /// <summary>x86: stores wait in a first-in first-out buffer, loads pass them; locked operations drain it.</summary>
    TotalStoreOrder,

    /// <summary>arm64-like: see the remarks.</summary>
    Weak,
}
