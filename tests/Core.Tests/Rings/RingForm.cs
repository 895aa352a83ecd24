namespace VmBus.Core.Tests.Rings;

/// <summary>Where a ring's memory comes from: every contract holds in each of them.</summary>
public enum RingForm
{
    /// <summary>Pinned managed memory, mapped once.</summary>
    Pinned,

    /// <summary>Mapped once, as UIO maps it, between inaccessible pages.</summary>
    MappedOnce,

    /// <summary>The data mapped twice, back to back, between inaccessible pages.</summary>
    MappedTwice,
}
