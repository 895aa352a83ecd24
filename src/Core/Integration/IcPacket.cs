// The two headers of every integration component's packet. Mirrors ICMSG_HDR (Linux include/linux/hyperv.h) and how
// drivers/hv/hv_util.c reads them.

using System.Runtime.InteropServices;
using VmBus.Pipes;

namespace VmBus.Integration;

/// <summary>Reads and writes an <see cref="IcPipeHeader"/> and the <see cref="IcMessageHeader"/> behind it.</summary>
internal static class IcPacket
{
    /// <summary>Bytes of both headers: <c>ICMSG_HDR</c>.</summary>
    public const int HeadLength = IcPipeHeader.Size + IcMessageHeader.Size;

    /// <summary>The longest packet either side takes: 13312 bytes behind the pipe's header, as OpenVMM and Windows have it.</summary>
    public const int MaxLength = IcPipeHeader.Size + 13312;

    /// <summary>Reads the headers. <see cref="IcMessageHeader.MessageLength"/> is not believed, as Linux does not: the pipe's is.</summary>
    /// <param name="packet">The payload of the ring's packet, with its padding.</param>
    /// <param name="header">The message's header.</param>
    /// <param name="bodyLength">Bytes of the body, at <see cref="HeadLength"/>.</param>
    /// <returns><see langword="false"/> when the packet is too short for its headers or for what they say.</returns>
    public static bool TryRead(ReadOnlySpan<byte> packet, out IcMessageHeader header, out int bodyLength)
    {
        header = default;
        bodyLength = 0;
        if (packet.Length < HeadLength)
            return false;
        uint length = MemoryMarshal.Read<IcPipeHeader>(packet).MessageLength;
        if (length < IcMessageHeader.Size || length > (uint)(packet.Length - IcPipeHeader.Size))
            return false;
        header = MemoryMarshal.Read<IcMessageHeader>(packet[IcPipeHeader.Size..]);
        bodyLength = (int)length - IcMessageHeader.Size;
        return true;
    }

    /// <summary>Writes both headers before a body that is there already.</summary>
    public static int Write(Span<byte> packet, IcMessageHeader header, int bodyLength)
    {
        header.MessageLength = (ushort)bodyLength;
        var pipe = new IcPipeHeader { Flags = (uint)PipePacketType.Data, MessageLength = (uint)(IcMessageHeader.Size + bodyLength) };
        MemoryMarshal.Write(packet, in pipe);
        WriteHeader(packet, header);
        return HeadLength + bodyLength;
    }

    /// <summary>Writes the message's header only.</summary>
    public static void WriteHeader(Span<byte> packet, in IcMessageHeader header) => MemoryMarshal.Write(packet[IcPipeHeader.Size..], in header);
}
