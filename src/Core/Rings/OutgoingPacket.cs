// A packet before it is in the ring. Mirrors struct vmpacket_descriptor and what follows it (Linux
// include/linux/hyperv.h: vmpacket_descriptor, vmtransfer_page_packet_header, vmdata_gpa_direct).

using VmBus.Layout;

namespace VmBus;

/// <summary>One packet to write: its type, flags, transaction id, extended header and payload.</summary>
/// <remarks>
/// A payload is padded with zeros to a multiple of 8 bytes; the ring does not carry its exact length. A protocol
/// that needs the length puts it into the payload, as the pipe header does.
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

    /// <summary>Returned in the completion, if one is requested.</summary>
    public ulong TransactionId { get; }

    /// <summary>The bytes between the descriptor and the payload; a multiple of 8, empty for in-band packets.</summary>
    public ReadOnlySpan<byte> ExtendedHeader { get; }

    /// <summary>The payload.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Bytes the packet occupies in the ring, including the trailer.</summary>
    public long RingLength => 16L + ExtendedHeader.Length + ((Payload.Length + 7L) & ~7L) + 8;

    /// <summary>In-band data without a completion (<c>VM_PKT_DATA_INBAND</c>).</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="transactionId">Sent to the reader; 0 if unused.</param>
    public static OutgoingPacket InBand(ReadOnlySpan<byte> payload, ulong transactionId = 0)
        => new(PacketType.DataInBand, PacketFlags.None, transactionId, [], payload);

    /// <summary>In-band data that requests a completion with the same transaction id.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="transactionId">
    /// The transaction id that the completion will carry, usually from a <see cref="TransactionTable{T}"/>.
    /// </param>
    public static OutgoingPacket Request(ReadOnlySpan<byte> payload, ulong transactionId)
        => new(PacketType.DataInBand, PacketFlags.CompletionRequested, transactionId, [], payload);

    /// <summary>The completion of a packet that requested one (<c>VM_PKT_COMP</c>).</summary>
    /// <param name="payload">The answer; may be empty.</param>
    /// <param name="transactionId">The transaction id of the packet to complete.</param>
    public static OutgoingPacket Completion(ReadOnlySpan<byte> payload, ulong transactionId)
        => new(PacketType.Completion, PacketFlags.None, transactionId, [], payload);

    /// <summary>Data in guest pages that the reader may access (<c>VM_PKT_DATA_USING_GPA_DIRECT</c>).</summary>
    /// <param name="header">Made by a <see cref="GpaDirectHeaderWriter"/>.</param>
    /// <param name="payload">The command to perform on the pages.</param>
    /// <param name="transactionId">The transaction id that the completion will carry.</param>
    /// <param name="flags">By default a completion is requested: the reader owns the pages until it arrives.</param>
    public static OutgoingPacket GpaDirect(GpaDirectHeaderWriter header, ReadOnlySpan<byte> payload, ulong transactionId,
        PacketFlags flags = PacketFlags.CompletionRequested)
        => new(PacketType.DataUsingGpaDirect, flags, transactionId, header.Written, payload);

    /// <summary>Data in pages of a GPADL that was shared earlier (<c>VM_PKT_DATA_USING_XFER_PAGES</c>).</summary>
    /// <param name="header">Made by a <see cref="TransferPageHeaderWriter"/>.</param>
    /// <param name="payload">The command to perform on the pages.</param>
    /// <param name="transactionId">The transaction id that the completion will carry.</param>
    /// <param name="flags">By default a completion is requested: the reader owns the pages until it arrives.</param>
    public static OutgoingPacket TransferPages(TransferPageHeaderWriter header, ReadOnlySpan<byte> payload, ulong transactionId,
        PacketFlags flags = PacketFlags.CompletionRequested)
        => new(PacketType.DataUsingTransferPages, flags, transactionId, header.Written, payload);
}
