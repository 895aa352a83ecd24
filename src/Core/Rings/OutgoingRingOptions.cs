namespace VmBus;

/// <summary>How an <see cref="OutgoingRing"/> is used.</summary>
public sealed record OutgoingRingOptions
{
    /// <summary>One producer thread at a time.</summary>
    public static OutgoingRingOptions Default { get; } = new();

    /// <summary>
    /// Several threads may write at once: each write and each batch holds a spin lock from its first packet to its
    /// publication, so a batch stays together and each thread's packets keep their order.
    /// </summary>
    public bool MultiProducer { get; init; }
}
