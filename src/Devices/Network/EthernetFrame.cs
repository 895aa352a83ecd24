// What an adapter looks at of a frame: its destination, and where a VLAN tag goes.

using System.Buffers.Binary;

namespace VmBus.Devices;

/// <summary>An Ethernet frame: 6 bytes of destination, 6 of source, 2 of type, the data.</summary>
internal static class EthernetFrame
{
    /// <summary>Bytes of an address.</summary>
    public const int AddressLength = 6;

    /// <summary>Bytes of a frame's head: the shortest frame there is here. What pads it to 60 is the wire's.</summary>
    public const int MinLength = 14;

    /// <summary>Bytes of a VLAN tag.</summary>
    public const int TagLength = 4;

    private const ushort TagProtocol = 0x8100;

    /// <summary>Whether an address is one that an adapter can have: not that of a group, and not zero.</summary>
    public static bool IsAdapter(ReadOnlySpan<byte> address) => address.Length == AddressLength && (address[0] & 1) == 0 && address.IndexOfAnyExcept((byte)0) >= 0;

    /// <summary>Whether a filter lets a frame through to the adapter of an address.</summary>
    public static bool Passes(ReadOnlySpan<byte> frame, PacketFilter filter, ReadOnlySpan<byte> address)
    {
        if ((filter & PacketFilter.Promiscuous) != 0)
            return true;
        ReadOnlySpan<byte> destination = frame[..AddressLength];
        if ((destination[0] & 1) == 0)
            return (filter & PacketFilter.Directed) != 0 && destination.SequenceEqual(address);
        // The list of multicast addresses is the guest's to look through.
        return destination.IndexOfAnyExcept((byte)0xFF) < 0
            ? (filter & PacketFilter.Broadcast) != 0
            : (filter & (PacketFilter.Multicast | PacketFilter.AllMulticast)) != 0;
    }

    /// <summary>Whether a frame has a tag in it.</summary>
    public static bool IsTagged(ReadOnlySpan<byte> frame) =>
        frame.Length >= MinLength + TagLength && BinaryPrimitives.ReadUInt16BigEndian(frame[(2 * AddressLength)..]) == TagProtocol;

    /// <summary>Puts a tag between the addresses and the type.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="tag">The tag: priority, one bit, VLAN.</param>
    /// <param name="tagged">Filled with the frame, <see cref="TagLength"/> bytes longer.</param>
    public static void InsertTag(ReadOnlySpan<byte> frame, ushort tag, Span<byte> tagged)
    {
        frame[..(2 * AddressLength)].CopyTo(tagged);
        BinaryPrimitives.WriteUInt16BigEndian(tagged[(2 * AddressLength)..], TagProtocol);
        BinaryPrimitives.WriteUInt16BigEndian(tagged[(2 * AddressLength + 2)..], tag);
        frame[(2 * AddressLength)..].CopyTo(tagged[(2 * AddressLength + TagLength)..]);
    }
}
