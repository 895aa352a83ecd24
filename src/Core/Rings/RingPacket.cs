// A packet as it was read. Mirrors struct vmpacket_descriptor and the headers that follow it (Linux
// include/linux/hyperv.h).

using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus;

/// <summary>One validated packet of a ring: in place for a trusted writer, otherwise a private copy.</summary>
/// <remarks>Valid until the next call on the batch it came from.</remarks>
public readonly ref struct RingPacket
{
    // Three words, so that the packet lives in registers: lengths and offsets are read off the checked descriptor.
    private readonly ref readonly byte _start;
    private readonly ulong _descriptor;

    /// <param name="start">The packet's first byte, with all that the descriptor says of it behind.</param>
    /// <param name="descriptor">The descriptor as it was checked: offset and length lie within the packet.</param>
    /// <param name="transactionId">Read once, as the descriptor was.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal RingPacket(ref readonly byte start, ulong descriptor, ulong transactionId)
    {
        _start = ref start;
        _descriptor = descriptor;
        TransactionId = transactionId;
    }

    /// <summary>The packet's type.</summary>
    public PacketType Type => (PacketType)PacketDescriptor.TypeIn(_descriptor);

    /// <summary>The packet's flags.</summary>
    public PacketFlags Flags => (PacketFlags)PacketDescriptor.FlagsIn(_descriptor);

    /// <summary>Whether the sender waits for a completion with this packet's transaction id.</summary>
    public bool WantsCompletion => (Flags & PacketFlags.CompletionRequested) != 0;

    /// <summary>The transaction id. A completion has the id of the request that it answers.</summary>
    public ulong TransactionId { get; }

    /// <summary>The payload with its padding: a multiple of 8 bytes.</summary>
    public ReadOnlySpan<byte> Payload
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Slice(DataOffset, Length - DataOffset);
    }

    /// <summary>The bytes between the descriptor and the payload; empty for in-band packets and completions.</summary>
    public ReadOnlySpan<byte> ExtendedHeader
        => Slice(PacketDescriptor.Size, Math.Max(0, DataOffset - PacketDescriptor.Size));

    /// <summary>How many ranges a transfer-page or GPA-direct packet lists; 0 for other packets.</summary>
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

    /// <summary>The descriptor as it was checked.</summary>
    internal ulong Descriptor => _descriptor;

    /// <summary>Bytes of the packet, headers included.</summary>
    internal int Length => (int)PacketDescriptor.LengthIn(_descriptor);

    private int DataOffset => OffsetIn(_descriptor);

    internal static int OffsetIn(ulong descriptor) => (int)PacketDescriptor.DataOffsetIn(descriptor);

    /// <summary>Copies the whole packet but its descriptor, which was checked as it was read and may read otherwise now.</summary>
    internal void CopyTo(Span<byte> destination) =>
        Slice(PacketDescriptor.Size, Length - PacketDescriptor.Size).CopyTo(destination[PacketDescriptor.Size..]);

    private bool HasRanges => Type is PacketType.DataUsingTransferPages or PacketType.DataUsingGpaDirect;

    private ReadOnlySpan<byte> Ranges(PacketType type)
        => Type == type ? ExtendedHeader : throw new InvalidOperationException($"The packet's type is {Type}, not {type}.");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReadOnlySpan<byte> Slice(int offset, int length)
        => MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref Unsafe.AsRef(in _start), offset), length);
}
