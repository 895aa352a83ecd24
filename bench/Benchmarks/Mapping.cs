namespace VmBus.Benchmarks;

/// <summary>How a ring's data area lies in memory.</summary>
public enum Mapping
{
    /// <summary>A packet at the end wraps, and is copied in two pieces.</summary>
    Once,

    /// <summary>Back to back: no packet wraps. Linux only.</summary>
    Twice,
}
