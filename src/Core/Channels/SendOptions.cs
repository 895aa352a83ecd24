using VmBus.Layout;

namespace VmBus;

/// <summary>How one packet is sent. The default: no transaction id, no completion, normal urgency.</summary>
/// <remarks>This is a structure, so a send allocates nothing.</remarks>
public readonly record struct SendOptions
{
    /// <summary>Sent to the reader, and returned in a completion; 0 if unused.</summary>
    public ulong TransactionId { get; init; }

    /// <summary>Whether to request a completion.</summary>
    public PacketFlags Flags { get; init; }

    /// <summary>How soon to signal the other side.</summary>
    public Urgency Urgency { get; init; }
}
