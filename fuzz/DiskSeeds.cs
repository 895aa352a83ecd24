// Seeds of the target "disk": the negotiation, and each command as a stock driver sends it.

using System.Runtime.InteropServices;
using VmBus.Devices;

namespace VmBus.Fuzz;

/// <summary>Writes <c>disk/seed-*</c>.</summary>
internal static class DiskSeeds
{
    public static void Write(string directory)
    {
        Directory.CreateDirectory(directory);
        Save(directory, "negotiation", [0, .. Control(StorageOperation.BeginInitialization), .. Control(StorageOperation.QueryProtocolVersion, 0x0700),
            .. Control(StorageOperation.QueryProtocolVersion, StorageProtocolVersion.V6_2), .. Control(StorageOperation.QueryProperties),
            .. Control(StorageOperation.EndInitialization), .. Control(StorageOperation.CreateSubchannels, 2), .. Control(StorageOperation.ResetBus)]);
        byte[] options = [DiskTarget.Negotiated | DiskTarget.Thin];
        Save(directory, "discovery", [.. options, .. Command(255, 1, 0x12, 0, 0, 0, 255), .. Command(255, 1, 0x12, 1, 0x83, 0, 255), .. Command(255, 1, 0x12, 1, 0xB0, 0, 64),
            .. Command(512, 1, 0xA0, 0, 0, 0, 0, 0, 0, 0, 2, 0), .. Command(0, 0, 0x00), .. Command(32, 1, 0x9E, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32),
            .. Command(8, 1, 0x25), .. Command(64, 1, 0x1A, 0, 0x3F, 0, 64), .. Command(64, 1, 0x5A, 0, 0x08, 0, 0, 0, 0, 0, 64), .. Command(18, 1, 0x03, 0, 0, 0, 18)]);
        Save(directory, "transfers", [.. options, .. Command(512, 0, 0x2A, 0x08, 0, 0, 0, 5, 0, 0, 1), .. Command(512, 1, 0x28, 0, 0, 0, 0, 5, 0, 0, 1),
            .. Command(1024, 0, 0x8A, 0, 0, 0, 0, 0, 0, 0, 0, 62, 0, 0, 0, 2), .. Command(1024, 1, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 62, 0, 0, 0, 2),
            .. Command(512, 1, 0x08, 0, 0, 63, 1), .. Command(512, 1, 0xA8, 0, 0, 0, 0, 1, 0, 0, 0, 1), .. Command(0, 0, 0x35), .. Command(0, 0, 0x91)]);
        Save(directory, "holes", [.. options, .. Command(24, 0, 0x42, 0, 0, 0, 0, 0, 0, 0, 24), .. Command(512, 0, 0x93, 0x08, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 8),
            .. Command(0, 0, 0x93, 0x09), .. Command(512, 0, 0x93)]);
        Save(directory, "read-only", [DiskTarget.Negotiated | DiskTarget.ReadOnly, .. Command(512, 0, 0x2A, 0, 0, 0, 0, 0, 0, 0, 1), .. Command(512, 0, 0x93), .. Command(24, 0, 0x42)]);
    }

    private static byte[] Control(StorageOperation operation, ushort argument = 0)
    {
        var packet = new byte[3 + StoragePacketHeader.PacketSize];
        var header = new StoragePacketHeader { Operation = operation };
        MemoryMarshal.Write(packet.AsSpan(3), in header);
        MemoryMarshal.Write(packet.AsSpan(3 + StoragePacketHeader.Size), in argument);
        return packet;
    }

    private static byte[] Command(ushort memory, byte direction, params ReadOnlySpan<byte> command)
    {
        byte[] packet = Control(StorageOperation.ExecuteSrb);
        packet[1] = (byte)memory;
        packet[2] = (byte)(memory >> 8);
        var block = new ScsiRequestBlock { Length = ScsiRequestBlock.Size, CdbLength = ScsiRequestBlock.CdbOrSense.CdbSize, Direction = direction, DataTransferLength = memory };
        command.CopyTo(block.Payload);
        MemoryMarshal.Write(packet.AsSpan(3 + StoragePacketHeader.Size), in block);
        return packet;
    }

    private static void Save(string directory, string name, byte[] input) => File.WriteAllBytes(Path.Combine(directory, "seed-" + name), input);
}
