// The seed corpus: one input for each thing worth mutating. What the fuzzer or a reader of the code found since lies
// beside it under names of its own, and is not touched.

using System.Buffers.Binary;
using VmBus.Layout;
using In = VmBus.Fuzz.IncomingTarget.Operation;
using Out = VmBus.Fuzz.OutgoingTarget.Operation;

namespace VmBus.Fuzz;

/// <summary>Writes <c>incoming/seed-*</c>, <c>outgoing/seed-*</c> and those of the other targets.</summary>
internal static class Seeds
{
    public static void Write(string directory)
    {
        Incoming(Path.Combine(directory, "incoming"));
        Outgoing(Path.Combine(directory, "outgoing"));
        ComponentSeeds.Write(Path.Combine(directory, "components"));
        RecordingSeeds.Write(Path.Combine(directory, "recording"));
        SavedStateSeeds.Write(Path.Combine(directory, "savedstate"));
        ProtocolSeeds.Write(directory);
        DiskSeeds.Write(Path.Combine(directory, "disk"));
        NetworkSeeds.Write(Path.Combine(directory, "network"));
        SocketSeeds.Write(Path.Combine(directory, "socket"));
    }

    private static void Incoming(string directory)
    {
        Directory.CreateDirectory(directory);
        byte[] allTypes = Packets();
        uint end = (uint)allTypes.Length;
        for (byte options = 0; options < 16; options++)
            Save(directory, $"types-{options:x}", Input(options, end, 0, [(In.Take, 0), (In.Commit, 0)], allTypes));
        foreach (byte options in (ReadOnlySpan<byte>)[0, IncomingTarget.Untrusted, IncomingTarget.MappedTwice])
        {
            Save(directory, $"wrap-{options:x}", Input(options, (4000 + end) % 4096, 4000, [], allTypes));
            Save(directory, $"program-{options:x}", Input(options, end, 0,
                [(In.Mask, 0), (In.Take, 0), (In.Take, 0), (In.Revert, 0), (In.Read, 64), (In.Read, 8), (In.TakeAndStoreData, 0x00ff_0040),
                    (In.StorePendingSendSize, 4080), (In.StoreFeatureBits, 0), (In.Commit, 0), (In.StoreFeatureBits, 1), (In.Take, 0), (In.Commit, 0),
                    (In.Unmask, 0), (In.StoreWriteIndex, 4096)], allTypes));
            Save(directory, $"backward-{options:x}", Input(options, end, 0,
                [(In.Take, 0), (In.Take, 0), (In.StoreWriteIndex, 24), (In.Unmask, 0), (In.Revert, 0), (In.Take, 0)], allTypes));
            Save(directory, $"own-words-{options:x}", Input(options, end, 0,
                [(In.Take, 0), (In.Commit, 0), (In.StoreReadIndex, 0xffff_fff0), (In.StoreMask, 7), (In.Take, 0)], allTypes));
        }

        // Two packets fill the ring; with both taken the write index steps back, and then the batch is given up. The first
        // packet now claims to be twice as long as the ring.
        byte[] twoPackets = new byte[4080];
        BinaryPrimitives.WriteUInt64LittleEndian(twoPackets, 6 | 2UL << 16 | 3UL << 32);
        BinaryPrimitives.WriteUInt64LittleEndian(twoPackets.AsSpan(32), 6 | 2UL << 16 | 505UL << 32);
        foreach (byte options in (ReadOnlySpan<byte>)[0, IncomingTarget.Untrusted, IncomingTarget.MappedTwice])
        {
            Save(directory, $"given-up-after-step-back-{options:x}", Input(options, 3984, 4000,
                [(In.Take, 0), (In.Take, 0), (In.StoreWriteIndex, 3976), (In.Unmask, 0), (In.Revert, 0), (In.StoreData, 4004 | 1020 << 16), (In.Take, 0)],
                twoPackets));
        }

        Save(directory, "empty", Input(0, 0, 0, [], []));
        Save(directory, "index-misaligned", Input(0, 12, 0, [], allTypes));
        Save(directory, "index-outside", Input(0, 4096, 0, [], allTypes));
        Save(directory, "truncated", Input(0, 16, 0, [], allTypes));
        foreach (int field in (ReadOnlySpan<int>)[0, 2, 4, 6])
        {
            byte[] bad = [.. allTypes];
            BinaryPrimitives.WriteUInt16LittleEndian(bad.AsSpan(field), 0xffff);
            Save(directory, $"descriptor-{field}", Input(0, end, 0, [], bad));
        }
    }

    /// <summary>One packet of each type, as they lie in a ring from index 0.</summary>
    private static byte[] Packets()
    {
        RingMemory memory = RingMemory.Allocate(RingMemory.PageSize);
        var writer = new OutgoingRing(memory);
        byte[] payload = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        var pages = new GpaDirectHeaderWriter(new byte[128]);
        pages.AddRange(5000, 100, [0x1234, 0x1235]);
        pages.AddRange(0, 0, []);
        var ranges = new TransferPageHeaderWriter(new byte[128], setId: 7);
        ranges.AddRange(100, 0);
        ranges.AddRange(200, 4096);
        using OutgoingBatch batch = writer.BeginBatch();
        batch.TryAdd(OutgoingPacket.InBand(payload));
        batch.TryAdd(OutgoingPacket.Request(payload, 2));
        batch.TryAdd(OutgoingPacket.GpaDirect(pages, payload, 3));
        batch.TryAdd(OutgoingPacket.TransferPages(ranges, payload, 4));
        batch.TryAdd(OutgoingPacket.Completion([], 5));
        batch.Commit();

        // Laid out by the same sizes as OutgoingPacket.RingLength tells them.
        var bytes = new List<byte>();
        var reader = new IncomingRing(memory);
        using IncomingBatch read = reader.ReadBatch();
        uint at = 0;
        byte[] word = new byte[8];
        while (read.TryNext(out RingPacket packet))
        {
            int length = 16 + packet.ExtendedHeader.Length + packet.Payload.Length;
            BinaryPrimitives.WriteUInt16LittleEndian(word, (ushort)packet.Type);
            BinaryPrimitives.WriteUInt16LittleEndian(word.AsSpan(2), (ushort)((16 + packet.ExtendedHeader.Length) / 8));
            BinaryPrimitives.WriteUInt16LittleEndian(word.AsSpan(4), (ushort)(length / 8));
            BinaryPrimitives.WriteUInt16LittleEndian(word.AsSpan(6), (ushort)packet.Flags);
            bytes.AddRange(word);
            BinaryPrimitives.WriteUInt64LittleEndian(word, packet.TransactionId);
            bytes.AddRange(word);
            bytes.AddRange(packet.ExtendedHeader);
            bytes.AddRange(packet.Payload);
            BinaryPrimitives.WriteUInt64LittleEndian(word, PacketTrailer.Pack(at));
            bytes.AddRange(word);
            at += (uint)length + 8;
        }

        return [.. bytes];
    }

    private static byte[] Input(byte options, uint write, uint read, (In Code, uint Operand)[] program, byte[] data)
    {
        var bytes = Head(options, write, read);
        bytes.Add((byte)program.Length);
        foreach ((In code, uint operand) in program)
            Add(bytes, (byte)code, operand);
        bytes.AddRange(data);
        return [.. bytes];
    }

    private static void Outgoing(string directory)
    {
        Directory.CreateDirectory(directory);
        for (byte options = 0; options < 8; options++)
        {
            Save(directory, $"write-{options:x}", Program(options, 0, 0,
                (Out.Write, 12), (Out.GpaDirect, 0x0002_0010), (Out.TransferPages, 0x0003_0008), (Out.Read, 0), (Out.Write, 0)));
            Save(directory, $"batch-{options:x}", Program(options, 64, 64,
                (Out.Begin, 0), (Out.Write, 100), (Out.Reserve, 200), (Out.Commit, 0), (Out.Begin, 0), (Out.Write, 8), (Out.Revert, 0), (Out.Reserve, 40),
                (Out.Commit, 0), (Out.Read, 0), (Out.Begin, 0), (Out.Write, 1), (Out.Dispose, 0), (Out.Write, 2), (Out.Read, 0)));
            Save(directory, $"full-{options:x}", Program(options, 4000, 4000,
                (Out.Write, 1500), (Out.Begin, 0), (Out.Reserve, 1500), (Out.Commit, 0), (Out.Write, 1500), (Out.RequestRoom, 1500), (Out.StoreMask, 1), (Out.Read, 0),
                (Out.RequestRoom, 1500), (Out.Write, 1500), (Out.CancelRoom, 0), (Out.Write, 5000), (Out.Write, 0xffff)));
        }

        Save(directory, "index-misaligned", Program(0, 12, 0));
        Save(directory, "index-outside", Program(0, 0, 4096));
        Save(directory, "read-passes", Program(0, 0, 0, (Out.Write, 3000), (Out.StoreReadIndex, 3032), (Out.Write, 3000), (Out.Write, 8)));
        Save(directory, "read-backward", Program(0, 64, 64, (Out.Write, 3000), (Out.StoreReadIndex, 0), (Out.Write, 3000)));
        Save(directory, "read-within", Program(0, 0, 0, (Out.Write, 3000), (Out.StoreReadIndex, 1000), (Out.Write, 900), (Out.Write, 900)));
        Save(directory, "read-in-batch", Program(0, 0, 0, (Out.Begin, 0), (Out.Write, 3000), (Out.StoreReadIndex, 3024), (Out.Write, 3000), (Out.Commit, 0)));
        Save(directory, "own-words", Program(0, 0, 0, (Out.StoreWriteIndex, 0xffff_ffff), (Out.Write, 8), (Out.StorePendingSendSize, 0xffff_ffff), (Out.StoreFeatureBits, 0), (Out.Write, 8)));
    }

    private static byte[] Program(byte options, uint write, uint read, params (Out Code, uint Operand)[] program)
    {
        List<byte> bytes = Head(options, write, read);
        foreach ((Out code, uint operand) in program)
            Add(bytes, (byte)code, operand);
        return [.. bytes];
    }

    private static List<byte> Head(byte options, uint write, uint read)
    {
        List<byte> bytes = [options];
        foreach (uint word in (ReadOnlySpan<uint>)[write, read, 0, 0, RingControlPage.FeaturePendingSendSize])
            AddWord(bytes, word);
        return bytes;
    }

    private static void Add(List<byte> bytes, byte code, uint operand)
    {
        bytes.Add(code);
        AddWord(bytes, operand);
    }

    private static void AddWord(List<byte> bytes, uint word)
    {
        Span<byte> buffer = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(buffer, word);
        bytes.AddRange(buffer);
    }

    private static void Save(string directory, string name, byte[] input) => File.WriteAllBytes(Path.Combine(directory, "seed-" + name), input);
}
