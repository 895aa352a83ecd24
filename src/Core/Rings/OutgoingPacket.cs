// A packet before it is in the ring. Mirrors struct vmpacket_descriptor and what follows it (Linux
// include/linux/hyperv.h: vmpacket_descriptor, vmtransfer_page_packet_header, vmdata_gpa_direct).

using VmBus.Layout;

namespace VmBus;

/// <summary>One packet to write: its type, flags, transaction id, extended header and payload.</summary>
/// <remarks>
/// A payload travels padded with zeros to a multiple of 8 bytes; the ring does not carry its exact length. A protocol
/// that needs it puts it into the payload, as the pipe header does.
/// </remarks>
public readonly ref struct OutgoingPacket
{
    private OutgoingPacket(PacketType type, PacketFlags flags, ulong transactionId, ReadOnlySpan<byte> extendedHeader, ReadOnlySpan<byte> payload)
    {
        Type = type;
        Flags = flags;
        TransactionId = transactionId;
        ExtendedHeader = extendedHeader;
        Payload = payload;
    }

    /// <summary>The packet's type.</summary>
    public PacketType Type { get; }

    /// <summary>The packet's flags.</summary>
    public PacketFlags Flags { get; }

    /// <summary>Comes back in the completion, when one is requested.</summary>
    public ulong TransactionId { get; }

    /// <summary>What lies between the descriptor and the payload; a multiple of 8 bytes, empty for in-band packets.</summary>
    public ReadOnlySpan<byte> ExtendedHeader { get; }

    /// <summary>The payload.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Bytes the packet takes in the ring, trailer included.</summary>
    public long RingLength => 16L + ExtendedHeader.Length + ((Payload.Length + 7L) & ~7L) + 8;

    /// <summary>In-band data that wants no completion (<c>VM_PKT_DATA_INBAND</c>).</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="transactionId">Carried to the reader; 0 when it means nothing.</param>
    public static OutgoingPacket InBand(ReadOnlySpan<byte> payload, ulong transactionId = 0)
        => new(PacketType.DataInBand, PacketFlags.None, transactionId, [], payload);

    /// <summary>In-band data that wants a completion with the same transaction id.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="transactionId">What the completion will carry, usually from a <see cref="TransactionTable{T}"/>.</param>
    public static OutgoingPacket Request(ReadOnlySpan<byte> payload, ulong transactionId)
        => new(PacketType.DataInBand, PacketFlags.CompletionRequested, transactionId, [], payload);

    /// <summary>The completion of a packet that asked for one (<c>VM_PKT_COMP</c>).</summary>
    /// <param name="payload">The answer; may be empty.</param>
    /// <param name="transactionId">The transaction id of the packet that is completed.</param>
    public static OutgoingPacket Completion(ReadOnlySpan<byte> payload, ulong transactionId)
        => new(PacketType.Completion, PacketFlags.None, transactionId, [], payload);

    /// <summary>Data in guest pages that the reader may access (<c>VM_PKT_DATA_USING_GPA_DIRECT</c>).</summary>
    /// <param name="header">Made by a <see cref="GpaDirectHeaderWriter"/>.</param>
    /// <param name="payload">The command that tells what to do with the pages.</param>
    /// <param name="transactionId">What the completion will carry.</param>
    /// <param name="flags">A completion is requested unless told otherwise: the pages are the reader's until then.</param>
    public static OutgoingPacket GpaDirect(GpaDirectHeaderWriter header, ReadOnlySpan<byte> payload, ulong transactionId,
        PacketFlags flags = PacketFlags.CompletionRequested)
        => new(PacketType.DataUsingGpaDirect, flags, transactionId, header.Written, payload);

    /// <summary>Data in pages of a GPADL shared before (<c>VM_PKT_DATA_USING_XFER_PAGES</c>).</summary>
    /// <param name="header">Made by a <see cref="TransferPageHeaderWriter"/>.</param>
    /// <param name="payload">The command that tells what to do with the pages.</param>
    /// <param name="transactionId">What the completion will carry.</param>
    /// <param name="flags">A completion is requested unless told otherwise: the pages are the reader's until then.</param>
    public static OutgoingPacket TransferPages(TransferPageHeaderWriter header, ReadOnlySpan<byte> payload, ulong transactionId,
        PacketFlags flags = PacketFlags.CompletionRequested)
        => new(PacketType.DataUsingTransferPages, flags, transactionId, header.Written, payload);
}
