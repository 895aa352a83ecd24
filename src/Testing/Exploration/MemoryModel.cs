namespace VmBus.Testing;

/// <summary>How the accesses of one thread can be reordered on their way to memory.</summary>
/// <remarks>
/// <para>Each thread has a window: accesses that its code has made but that have not reached memory yet.</para>
/// <para><see cref="Weak"/> follows Armv8. Allowed: plain stores and plain loads of different cells in any order; a release store
/// after what follows it; an acquire load before a release store that precedes it (RCpc); a load that takes the value of the
/// thread's own store before other threads see it. Not allowed: an acquire load after anything that follows it; a release store
/// before anything that precedes it; anything across an interlocked operation or a fence; two accesses of one cell out of order; a
/// store before a load on whose value the code has branched. A store becomes visible to all threads at once. Not modelled: a plain
/// store that passes a load on which its thread branches later, tearing of a cell, spurious failure.</para>
/// </remarks>
public enum MemoryModel
{
    /// <summary>No reordering: each access reaches memory in program order.</summary>
    SequentialConsistency,

    /// <summary>x86: stores wait in a first-in first-out buffer, and loads pass them. Interlocked operations drain the buffer.</summary>
    TotalStoreOrder,

    /// <summary>Arm64: see the remarks.</summary>
    Weak,
}
