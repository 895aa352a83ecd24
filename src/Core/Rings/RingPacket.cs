// A packet as it was read. Mirrors struct vmpacket_descriptor and the headers that follow it (Linux
// include/linux/hyperv.h).

using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using VmBus.Layout;

namespace VmBus.Rings;

/// <summary>One packet of a ring, validated: in place for a trusted writer, a private copy otherwise.</summary>
/// <remarks>Valid until the next call on the batch it came from.</remarks>
public readonly ref struct RingPacket
{
    private readonly ulong _descriptor;
    private readonly ReadOnlySpan<byte> _packet;
    private readonly int _offset;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal RingPacket(ulong descriptor, ulong transactionId, ReadOnlySpan<byte> packet, int offset)
    {
        _descriptor = descriptor;
        TransactionId = transactionId;
        _packet = packet;
        _offset = offset;
    }

    /// <summary>The packet's type.</summary>
    public PacketType Type => (PacketType)(ushort)_descriptor;

    /// <summary>The packet's flags.</summary>
    public PacketFlags Flags => (PacketFlags)(ushort)(_descriptor >> 48);

    /// <summary>Whether the sender waits for a completion with this packet's transaction id.</summary>
    public bool WantsCompletion => (Flags & PacketFlags.CompletionRequested) != 0;

    /// <summary>The transaction id: the request's own, or for a completion that of the request it answers.</summary>
    public ulong TransactionId { get; }

    /// <summary>The payload with its padding: a multiple of 8 bytes.</summary>
    public ReadOnlySpan<byte> Payload
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _packet[_offset..];
    }

    /// <summary>What stands between the descriptor and the payload; empty for in-band packets and completions.</summary>
    public ReadOnlySpan<byte> ExtendedHeader => _packet[OutgoingRing.DescriptorLength.._offset];

    /// <summary>How many ranges a transfer-page or GPA-direct packet lists; 0 for the others.</summary>
    public int RangeCount => HasRanges ? (int)BinaryPrimitives.ReadUInt32LittleEndian(ExtendedHeader[4..]) : 0;

    /// <summary>The transfer-page set a transfer-page packet refers to.</summary>
    /// <exception cref="InvalidOperationException">The packet is of another type.</exception>
    public ushort TransferPageSetId => BinaryPrimitives.ReadUInt16LittleEndian(Ranges(PacketType.DataUsingTransferPages));

    /// <summary>The ranges of a transfer-page packet.</summary>
    /// <exception cref="InvalidOperationException">The packet is of another type.</exception>
    public TransferPageRangeList TransferPageRanges => new(Ranges(PacketType.DataUsingTransferPages)[8..], RangeCount);

    /// <summary>The ranges of a GPA-direct packet.</summary>
    /// <exception cref="InvalidOperationException">The packet is of another type.</exception>
    public GpaRangeList GpaRanges => new(Ranges(PacketType.DataUsingGpaDirect)[8..], RangeCount);

    private bool HasRanges => Type is PacketType.DataUsingTransferPages or PacketType.DataUsingGpaDirect;

    private ReadOnlySpan<byte> Ranges(PacketType type)
        => Type == type ? ExtendedHeader : throw new InvalidOperationException($"The packet's type is {Type}, not {type}.");
}
