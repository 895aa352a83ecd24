namespace VmBus.Core.Tests.Rings;

/// <summary>Where a ring's memory comes from: every contract holds in each of them.</summary>
public enum RingForm
{
    /// <summary>Pinned managed memory, mapped once.</summary>
    Pinned,

    /// <summary>Mapped once, between inaccessible pages.</summary>
    MappedOnce,

    /// <summary>The data mapped twice, back to back, between inaccessible pages.</summary>
    MappedTwice,

    /// <summary>The second ring of a mapped file that holds two, mapped once, as the map of a UIO device does.</summary>
    Device,
}
