namespace VmBus;

/// <summary>How an <see cref="OutgoingRing"/> is used.</summary>
public sealed record OutgoingRingOptions
{
    /// <summary>The defaults: one producer thread at a time.</summary>
    public static OutgoingRingOptions Default { get; } = new();

    /// <summary>
    /// Whether several threads can write at once. Each write and each batch holds a spin lock from its first packet to its
    /// publication, so a batch stays contiguous and each thread's packets keep their order.
    /// </summary>
    public bool MultiProducer { get; init; }
}
