// Seeds of the target "network": the negotiation and the questions as hv_netvsc makes them, frames in each form.

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VmBus.Devices;

namespace VmBus.Fuzz;

/// <summary>Writes <c>network/seed-*</c>.</summary>
internal static class NetworkSeeds
{
    public static void Write(string directory)
    {
        Directory.CreateDirectory(directory);
        Save(directory, "negotiation", [0, .. Message(NvspMessageType.Init, new NvspInit { MinVersion = 0x7_0000, MaxVersion = 0x7_0000 }),
            .. Message(NvspMessageType.Init, new NvspInit { MinVersion = Nvsp.Version61, MaxVersion = Nvsp.Version61 }),
            .. Message(NvspMessageType.SendNdisConfig, new NvspNdisConfig { MaxFrame = 1514, Capabilities = 8 }), .. Message(NvspMessageType.SendNdisVersion, 0x0006_001EUL),
            .. Message(NvspMessageType.SendReceiveBuffer, new NvspBuffer { Gpadl = 7, Id = 0xCAFE }), .. Message(NvspMessageType.SendSendBuffer, new NvspBuffer { Gpadl = 8 }),
            .. Message(NvspMessageType.SendRndisPacket, new NvspRndisPacket { ChannelType = 1, SectionIndex = Nvsp.NoSection }), .. Message(NvspMessageType.Subchannel, 0x3_0000_0001UL),
            .. Message(NvspMessageType.SwitchDataPath, 0), .. Message(NvspMessageType.RevokeReceiveBuffer, 0xCAFE), .. Message(NvspMessageType.RevokeSendBuffer, 0)]);
        Save(directory, "questions", [NetworkTarget.Negotiated, .. Question(RndisMessageType.Initialize, 1, 0, 0x4000), .. Ask(RndisOid.MaximumFrameSize), .. Ask(RndisOid.PermanentAddress),
            .. Ask(RndisOid.MediaConnectStatus), .. Ask(RndisOid.OffloadHardwareCapabilities), .. Ask(RndisOid.SupportedList), .. Ask(RndisOid.VendorDescription), .. Ask((RndisOid)0x0001_0203),
            .. Question(RndisMessageType.Set, (uint)RndisOid.CurrentPacketFilter, 4, RndisRequest.Size, 0, 0xD), .. Question(RndisMessageType.KeepAlive), .. Question(RndisMessageType.Reset),
            .. Question(RndisMessageType.Halt)]);
        Save(directory, "frames", [NetworkTarget.Negotiated, .. Frames(Frame(60, [])), .. Frames([.. Frame(60, []), .. Frame(1514, [])]), .. Frames(Frame(100, [16, 0, 0, 0, 6, 0, 0, 0, 12, 0, 0, 0, 0x15, 0x12, 0, 0]))]);
        Save(directory, "sections", [0, .. Sections(NetworkTarget.Send, [4]), .. Sections(NetworkTarget.Send, [31]), .. Sections(NetworkTarget.Complete, [9, 0, 0, 0, 0, 0, 0, 0]), .. Sections(NetworkTarget.Send, [0]),
            .. Sections(NetworkTarget.Complete, [14, 0, 0, 0, 0, 0, 0, 0]), .. Sections(NetworkTarget.Complete, [14, 0, 0, 0, 0, 0, 0, 0])]);
    }

    private static byte[] Message<T>(NvspMessageType type, T body) where T : unmanaged
    {
        var message = new byte[Nvsp.MessageSize];
        NvspProtocol.Write(message, type, in body);
        return Packet(NetworkTarget.Message, message);
    }

    private static byte[] Ask(RndisOid oid) => Question(RndisMessageType.Query, (uint)oid, 0, RndisRequest.Size, 0);

    private static byte[] Question(RndisMessageType type, params ReadOnlySpan<uint> words)
    {
        var message = new byte[12 + 4 * words.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)type);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(4), message.Length);
        message[8] = 5;
        MemoryMarshal.AsBytes(words).CopyTo(message.AsSpan(12));
        return Packet(NetworkTarget.Question, message);
    }

    private static byte[] Frame(int length, byte[] information)
    {
        var message = new byte[Rndis.PacketHeaderSize + information.Length + length];
        RndisFrame.WriteHeader(message, information.Length + length);
        var packet = new RndisPacket { DataOffset = (uint)(RndisPacket.Size + information.Length), DataLength = (uint)length, InformationOffset = RndisPacket.Size, InformationLength = (uint)information.Length };
        MemoryMarshal.Write(message.AsSpan(Rndis.HeaderSize), in packet);
        information.CopyTo(message, Rndis.PacketHeaderSize);
        return message;
    }

    private static byte[] Frames(byte[] messages) => Packet(NetworkTarget.Frames, messages);

    private static byte[] Sections(byte kind, byte[] bytes) => Packet(kind, bytes);

    private static byte[] Packet(byte kind, byte[] bytes) => [kind, (byte)bytes.Length, (byte)(bytes.Length >> 8), .. bytes];

    private static void Save(string directory, string name, byte[] input) => File.WriteAllBytes(Path.Combine(directory, "seed-" + name), input);
}
