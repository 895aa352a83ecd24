// Seeds of the target "socket": a conversation, each lie of a header, an end and more behind it, a close with bytes left.

using VmBus.Layout;
using static VmBus.Fuzz.SocketTarget;

namespace VmBus.Fuzz;

/// <summary>Writes <c>socket/seed-*</c>.</summary>
internal static class SocketSeeds
{
    public static void Write(string directory)
    {
        Directory.CreateDirectory(directory);
        byte[] hello = Packet(100), look = Call(Operation.Look), drain = Call(Operation.Drain), all = Call(Operation.Read, 4999), some = Call(Operation.Read, 30);
        Save(directory, "conversation", [0, .. hello, .. look, .. some, .. hello, .. all, .. Call(Operation.Write, 700), .. drain, .. Packet(2900), .. all, .. Call(Operation.Complete), .. drain, .. Packet(0), .. all]);
        Save(directory, "around", [MappedTwice, .. Enumerable.Range(0, 8).SelectMany(_ => (byte[])[.. Packet(1501), .. Call(Operation.Write, 1001), .. all, .. drain])]);
        Save(directory, "claims-padding", [0, .. Packet(101, claimed: 104), .. all]);
        Save(directory, "claims-more", [0, .. hello, .. Packet(101, claimed: 105), .. all, .. some, .. Call(Operation.Write, 8)]);
        Save(directory, "claims-most", [0, .. Packet(100, claimed: ushort.MaxValue), .. hello, .. all]);
        Save(directory, "other-pipe-types", [0, .. hello, .. Packet(50, pipe: 2), .. some, .. all, .. all]);
        Save(directory, "other-packet-types", [0, .. hello, .. Packet(50, type: PacketType.DataUsingGpaDirect), .. all, .. all]);
        Save(directory, "completion", [0, .. hello, .. Packet(50, type: PacketType.Completion), .. all, .. all]);
        Save(directory, "short", [0, .. hello, .. Call(Operation.Cut, 4), .. all, .. all]);
        Save(directory, "nothing", [0, .. Call(Operation.Cut), .. all, .. look]);
        Save(directory, "behind-the-end", [0, .. hello, .. Packet(0), .. hello, .. all, .. all, .. Call(Operation.Write, 9), .. drain]);
        Save(directory, "close", [0, .. hello, .. some, .. hello, .. Call(Operation.Detach), .. hello, .. look, .. all, .. all, .. all, .. Call(Operation.Write, 9)]);
        Save(directory, "close-broken", [0, .. hello, .. Packet(5, pipe: 9), .. Call(Operation.Detach), .. some, .. all, .. all]);
        Save(directory, "dispose", [0, .. hello, .. Call(Operation.Write, 9), .. Call(Operation.Dispose), .. drain, .. all, .. Call(Operation.Write, 9), .. Call(Operation.Complete), .. hello]);
    }

    private static byte[] Call(Operation operation, ushort operand = 0) => [(byte)operation, (byte)operand, (byte)(operand >> 8)];

    private static byte[] Packet(ushort length, ushort? claimed = null, PacketType type = PacketType.DataInBand, byte pipe = 1) =>
        [.. Call(Operation.Packet, length), (byte)type, pipe, (byte)(claimed ?? length), (byte)((claimed ?? length) >> 8)];

    private static void Save(string directory, string name, byte[] input) => File.WriteAllBytes(Path.Combine(directory, "seed-" + name), input);
}
