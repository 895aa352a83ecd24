using System.Runtime.InteropServices;
using VmBus.Integration;

namespace VmBus.Fuzz.Hostile;

/// <summary>What a hostile guest says to a device: nothing with a sense, or a component's message whose headers may be sound.</summary>
internal static class ComponentNoise
{
    private const int MostBody = 3000;

    /// <summary>A payload, of any length that a page has room for.</summary>
    public static byte[] Packet(Random random)
    {
        byte[] packet = new byte[random.Next(2) == 0 ? random.Next(64) : random.Next(MostBody)];
        random.NextBytes(packet);
        if (packet.Length < IcPipeHeader.Size + IcMessageHeader.Size || random.Next(8) == 0)
            return packet;
        // Zeros say more than noise: counts and sizes that fit.
        if (random.Next(2) == 0)
            packet.AsSpan(IcPipeHeader.Size + IcMessageHeader.Size).Clear();
        var pipe = new IcPipeHeader { Flags = 1, MessageLength = (uint)(packet.Length - IcPipeHeader.Size) };
        var message = new IcMessageHeader
        {
            MessageType = (IcMessageType)random.Next(9),
            MessageLength = (ushort)(packet.Length - IcPipeHeader.Size - IcMessageHeader.Size),
            Status = random.Next(3) == 0 ? 0x8000_4005 : 0,
            TransactionId = (byte)random.Next(4),
            Flags = (IcMessageFlags)(random.Next(2) == 0 ? 5 : random.Next(8)),
        };
        if (random.Next(6) == 0)
            pipe.MessageLength = (uint)random.Next();
        if (random.Next(6) == 0)
            message.MessageLength = (ushort)random.Next(1 << 16);
        MemoryMarshal.Write(packet, pipe);
        MemoryMarshal.Write(packet.AsSpan(IcPipeHeader.Size), message);
        return packet;
    }
}
