using VmBus.Layout;

namespace VmBus;

/// <summary>How one packet is sent. The default: no transaction id, no completion, normal urgency.</summary>
/// <remarks>A structure, so that a send allocates nothing.</remarks>
public readonly record struct SendOptions
{
    /// <summary>Carried to the reader, and back in a completion; 0 when it means nothing.</summary>
    public ulong TransactionId { get; init; }

    /// <summary>Whether a completion is wanted.</summary>
    public PacketFlags Flags { get; init; }

    /// <summary>How soon the other side should know.</summary>
    public Urgency Urgency { get; init; }
}
