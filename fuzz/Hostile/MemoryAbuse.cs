using System.Buffers.Binary;
using VmBus.InMemory;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Fuzz.Hostile;

/// <summary>What a process can write into the memory of a channel that it shares: indices, masks, packets, flags, monitors.</summary>
internal sealed class MemoryAbuse(Random random, MappedMemory memory, SharedChannelPlan plan)
{
    private const int FlagsBytes = 256;

    /// <summary>Writes one thing.</summary>
    public void Step()
    {
        long ring = (random.Next(2) == 0 ? plan.GuestToHostOffset : plan.HostToGuestOffset) - plan.Start;
        switch (random.Next(6))
        {
            case 0:
                // Both page of flags and the monitor page.
                Word(random.Next(3) * SharedChannelPlan.PageSize + 4L * random.Next(FlagsBytes / 4), random.Next(2) == 0 ? uint.MaxValue : AnyNumber());
                break;
            case 1:
                Word(ring + 4 * random.Next(4), AnyNumber());
                break;
            case 2:
                Word(ring + SharedChannelPlan.PageSize + 4L * random.Next(plan.RingSize / 4), AnyNumber());
                break;
            default:
                Packets(ring);
                break;
        }
    }

    // Sound packets from the start of the ring on, one of which may not be.
    private void Packets(long ring)
    {
        Span<byte> data = memory.AsSpan(ring + SharedChannelPlan.PageSize, plan.RingSize);
        int at = 0;
        for (int packets = random.Next(1, 8); packets > 0; packets--)
        {
            int length = 16 + 8 * random.Next(64);
            if (at + length + 8 >= data.Length)
                break;
            ulong descriptor = (ulong)PacketType.DataInBand | 2ul << 16 | (ulong)(length / 8) << 32;
            if (random.Next(10) == 0)
                descriptor ^= 1ul << random.Next(64);
            BinaryPrimitives.WriteUInt64LittleEndian(data[at..], descriptor);
            BinaryPrimitives.WriteUInt64LittleEndian(data[(at + 8)..], (ulong)random.NextInt64());
            at += length + 8;
        }

        Word(ring + 4, 0);
        Word(ring, (uint)at);
        // The flag that stands for the signal, for either side.
        Word(SharedChannelPlan.PageSize * random.Next(1, 3), uint.MaxValue);
    }

    private void Word(long offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(memory.AsSpan(offset, 4), value);

    private uint AnyNumber() => random.Next(6) switch
    {
        0 => 0,
        1 => uint.MaxValue,
        2 => (uint)random.Next(plan.RingSize / 8) * 8,
        3 => (uint)(plan.RingSize + random.Next(-16, 16)),
        4 => 1u << random.Next(32),
        _ => (uint)random.NextInt64(1L << 32),
    };
}
