// The seeds of the integration components' target: for each side of each a good conversation, and the odd packets worth
// mutating.

using System.Buffers.Binary;

namespace VmBus.Fuzz;

/// <summary>Writes <c>components/seed-*</c>.</summary>
internal static class ComponentSeeds
{
    private const byte Heartbeat = 0, Time = 1, Shutdown = 2, Pairs = 3, Files = ComponentsTarget.FileCopies;
    private const byte Wait = (byte)ComponentsTarget.Operation.Wait, Odd = (byte)ComponentsTarget.Operation.Odd;

    public static void Write(string directory)
    {
        Directory.CreateDirectory(directory);
        byte[] key = [4, 0, 0, 0], a = [(byte)'0', 0], text = [(byte)'v', 0];
        byte[][] requests =
        [
            [.. Sound(0, 40, (0, [1])), .. Sound(0, 8), .. Sound(0, 7)],
            [.. Sound(0, 24, (0, BitConverter.GetBytes(134_000_000_000_000_000)), (16, [1])), .. Sound(0, 28, (24, [2])), Wait, 255, 255, 0, 0, .. Sound(0, 24, (16, [2]))],
            [.. Sound(0, 2060, (0, [1, 0, 0, 128, 30, 0, 0, 0, 2]), (12, text)), .. Sound(0, 2060, (8, [4])), .. Sound(0, 2060, (8, [6]))],
            [
                .. Sound(0, 2580, (0, [0]), (8, key), (16, a)),
                .. Sound(0, 2580, (0, [1]), (4, [1]), (8, key), (12, key), (16, a), (528, text)),
                .. Sound(0, 2580, (0, [1]), (4, [4]), (8, key), (12, key), (16, [99]), (528, [1, 2, 3, 4])),
                .. Sound(0, 2580, (0, [1]), (4, [8]), (8, key), (12, key), (16, [98]), (528, [1, 2, 3, 4])),
                .. Sound(0, 2580, (0, [3]), (4, [1])),
                .. Sound(0, 2580, (0, [2]), (4, key), (8, a)),
                .. Sound(0, 7428, (0, [4]), (2, a)),
                .. Sound(0, 7428, (0, [5]), (2, a), (258, [1, 1]), (260, text)),
            ],
            [
                .. Sound(0, 1088, (36, a), (1080, [3])), .. Sound(0, 55, (0, [1]), (48, [3]), (52, [1, 2, 3])), .. Sound(0, 36, (0, [2])),
                .. Sound(0, 1088, (36, [0x3d, 0xd8, 0, 0xde]), (556, text), (1076, [3]), (1080, [3])), .. Sound(0, 54, (0, [1]), (40, [1]), (48, [2])), .. Sound(0, 36, (0, [3])),
                .. Sound(0, 1088, (36, text), (1080, [255, 255, 1])), .. Sound(0, 53, (0, [1]), (40, [255, 255]), (48, [1])), Wait, 255, 255, 0, 0, .. Sound(0, 36, (0, [2])),
            ],
        ];
        byte[][] answers =
        [
            [.. Sound(0, 40, (0, [1])), Wait, 208, 7, 0, 0, .. Sound(0, 16, (0, [3, 0, 0, 0, 0, 0, 0, 0, 1])), Wait, 255, 255, 0, 0, .. Sound(0, 8)],
            [.. Sound(0, 24), Wait, 136, 19, 0, 0, .. Sound(0, 24)],
            [.. Sound(0, 2060), .. Sound(0, 0), Odd, 1, 5, .. Sound(0, 2060)],
            [
                .. Sound(0, 2580, (4, [1]), (8, key), (12, key), (16, a), (528, text)),
                .. Sound(0, 2580, (4, [0, 0, 0, 0, 4]), (12, key), (20, a)),
                .. Sound(0, 7428, (2, a), (258, [1, 1]), (260, text)),
                .. Sound(0, 2580), .. Sound(0, 2580, (12, [255, 255])), .. Sound(0, 2580, (4, [9])), .. Sound(0, 100),
            ],
            [
                .. Sound(0, 1088), .. Sound(0, 6196), .. Sound(0, 908), .. Sound(0, 36), .. Sound(0, 0), Wait, 16, 39, 0, 0, .. Sound(0, 36),
                .. Sound(0, 36), .. Sound(0, 36), .. Sound(0, 36), .. Sound(0, 36), .. Sound(0, 36), .. Sound(0, 36), .. Sound(0, 36), .. Sound(0, 36),
            ],
        ];
        byte[] components = [Heartbeat, Time, Shutdown, Pairs, Files];
        for (int i = 0; i < components.Length; i++)
        {
            byte component = components[i];
            Save($"guest-{component}", [(byte)(component | ComponentsTarget.Negotiated), .. requests[i]]);
            Save($"host-{component}", [(byte)(component | ComponentsTarget.Negotiated | ComponentsTarget.HostSide), .. answers[i]]);
            Save($"guest-unready-{component}", [component, .. requests[i]]);
            Save($"guest-negotiates-{component}", [component, .. Offer(2, 3), .. Sound(0, 8), .. Offer(0, 0), .. Offer(101, 1), .. Sound(1, 7), .. Offer(1, 1), .. Sound(2, 8), .. Sound(16, 8)]);
            Save($"host-negotiates-{component}", [(byte)(component | ComponentsTarget.HostSide), Odd, 9, 5, .. Offer(1, 1), .. Offer(1, 1), .. Sound(0, 40)]);
            Save($"host-refused-{component}", [(byte)(component | ComponentsTarget.HostSide), Wait, 16, 39, 0, 0, .. Offer(0, 0), .. Sound(0, 40), Wait, 255, 255, 255, 255]);
        }

        Save("guest-raw", [Heartbeat, 0, 0, 0, 0, 5, 0, 1, 2, 3, 4, 5, 0, 28, 0, 1, 0, 0, 0, 20, .. new byte[23], Odd, 0, 4, .. Sound(0, 8)]);
        Save("host-raw", [Heartbeat | ComponentsTarget.HostSide, 0, 28, 0, 1, 0, 0, 0, 21, .. new byte[23], 0, 28, 0, 1, 0, 0, 0, 20, .. new byte[16], 4, 0, 5]);

        void Save(string name, byte[] input) => File.WriteAllBytes(Path.Combine(directory, "seed-" + name), input);
    }

    /// <summary>An offer of versions, or the answer to one: framework 3.0 and 1.0, then messages' 3.0, 4.0 and 1.0.</summary>
    private static byte[] Offer(byte frameworks, byte messages)
    {
        byte[] versions = frameworks == 2 ? [3, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 1] : [3, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 1];
        return Sound(1, 8 + 4 * 5, (0, [frameworks, 0, messages]), (8, versions));
    }

    /// <summary>A packet with sound headers; type 0 is the component's own, 1 negotiates.</summary>
    private static byte[] Sound(int type, int bodyLength, params (int At, byte[] Bytes)[] patches)
    {
        List<byte> bytes = [(byte)((byte)ComponentsTarget.Operation.Sound | type << 2)];
        AddHalf(bodyLength);
        bytes.Add((byte)patches.Length);
        foreach ((int at, byte[] patch) in patches)
        {
            AddHalf(at);
            bytes.Add((byte)patch.Length);
            bytes.AddRange(patch);
        }

        return [.. bytes];

        void AddHalf(int value)
        {
            Span<byte> half = stackalloc byte[2];
            BinaryPrimitives.WriteUInt16LittleEndian(half, (ushort)value);
            bytes.AddRange(half);
        }
    }
}
