// A frame inside an RNDIS message: where it is, and how it is written. Mirrors struct rndis_packet and what may follow it.

using System.Runtime.InteropServices;

namespace VmBus.Devices;

/// <summary>Reads and writes PACKET messages. What is read is the caller's own copy of what a guest wrote.</summary>
internal static class RndisFrame
{
    /// <summary>Cuts bytes to the message they begin with.</summary>
    /// <returns><see langword="false"/> when there is none, or not all of it.</returns>
    public static bool TryCut(ref ReadOnlySpan<byte> message)
    {
        if (message.Length < Rndis.HeaderSize)
            return false;
        uint length = MemoryMarshal.Read<uint>(message[sizeof(uint)..]);
        if (length < Rndis.HeaderSize || length > message.Length)
            return false;
        message = message[..(int)length];
        return true;
    }

    /// <summary>Finds the frame of a message.</summary>
    /// <param name="message">The message, cut to its length.</param>
    /// <param name="maxFrame">The longest frame.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="tag">The VLAN tag that belongs into it.</param>
    /// <returns><see langword="false"/> when it is no PACKET, or damaged.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, int maxFrame, out ReadOnlySpan<byte> frame, out ushort? tag)
    {
        frame = default;
        tag = null;
        if (MemoryMarshal.Read<RndisMessageType>(message) != RndisMessageType.Packet || message.Length < Rndis.PacketHeaderSize)
            return false;
        ReadOnlySpan<byte> body = message[Rndis.HeaderSize..];
        var packet = MemoryMarshal.Read<RndisPacket>(body);
        if (!TrySlice(body, packet.DataOffset, packet.DataLength, out frame) || frame.Length < EthernetFrame.MinLength)
            return false;
        if (packet.InformationLength > 0 && !(TrySlice(body, packet.InformationOffset, packet.InformationLength, out ReadOnlySpan<byte> information) && TryFindTag(information, out tag)))
            return false;
        // A frame that has its tag in it already is that much longer.
        return frame.Length <= maxFrame + (EthernetFrame.IsTagged(frame) ? EthernetFrame.TagLength : 0);
    }

    /// <summary>Writes what stands in front of a frame.</summary>
    /// <param name="message">The message: <see cref="Rndis.PacketHeaderSize"/> bytes, and the frame.</param>
    /// <param name="frameLength">Bytes of the frame.</param>
    public static void WriteHeader(Span<byte> message, int frameLength)
    {
        MemoryMarshal.Write(message, RndisMessageType.Packet);
        MemoryMarshal.Write(message[sizeof(uint)..], (uint)(Rndis.PacketHeaderSize + frameLength));
        MemoryMarshal.Write(message[Rndis.HeaderSize..], new RndisPacket { DataOffset = RndisPacket.Size, DataLength = (uint)frameLength });
    }

    private static bool TryFindTag(ReadOnlySpan<byte> information, out ushort? tag)
    {
        tag = null;
        while (information.Length >= RndisPacketInformation.HeaderSize)
        {
            var one = MemoryMarshal.Read<RndisPacketInformation>(information);
            if (one.Size < RndisPacketInformation.HeaderSize || one.Size > information.Length)
                return false;
            if (one.Type == Rndis.VlanInformation)
            {
                if (one.Offset > one.Size - sizeof(uint))
                    return false;
                // struct ndis_pkt_8021q_info: 3 bits of priority, 1, 12 of VLAN, from the lowest on.
                uint value = MemoryMarshal.Read<uint>(information[(int)one.Offset..]);
                tag = (ushort)((value & 7) << 13 | (value >> 3 & 1) << 12 | (value >> 4 & 0xFFF));
            }
            information = information[(int)one.Size..];
        }
        return information.IsEmpty;
    }

    /// <summary>Cuts a part out of a message's body.</summary>
    /// <returns><see langword="false"/> when not all of it lies there.</returns>
    public static bool TrySlice(ReadOnlySpan<byte> body, uint offset, uint length, out ReadOnlySpan<byte> slice)
    {
        bool isWithin = length <= (uint)body.Length && offset <= (uint)body.Length - length;
        slice = isWithin ? body.Slice((int)offset, (int)length) : default;
        return isWithin;
    }
}
