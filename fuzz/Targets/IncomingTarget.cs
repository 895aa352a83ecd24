// A hostile writer against IncomingRing: it chooses every word of the control page and every byte of the data, before
// the reader starts and between its calls.
//
// Input: options (1 byte), the five words of the control page (20), count of operations (1), operations (5 each: code
// and operand), then data, laid into the ring from the read index on.

using System.Runtime.Versioning;
using VmBus.Layout;

namespace VmBus.Fuzz;

/// <summary>Reads what a hostile writer wrote. The law: packets that keep to their bounds, or <see cref="RingCorruptException"/>.</summary>
[SupportedOSPlatform("linux")]
public static class IncomingTarget
{
    /// <summary>Option bits.</summary>
    public const byte Untrusted = 1, MappedTwice = 2, TwoPages = 4, SmallLimit = 8;

    /// <summary>The most operations of one input.</summary>
    public const int MaxOperations = 64;

    private const int SmallestLimit = 256;

    /// <summary>What the reader does, or the writer in between.</summary>
    public enum Operation : byte
    {
        /// <summary>Takes the next packet of a batch and uses every accessor.</summary>
        Take,

        /// <summary>Commits the batch.</summary>
        Commit,

        /// <summary>Gives the batch up.</summary>
        Revert,

        /// <summary>Reads one packet into a buffer of the operand's length.</summary>
        Read,

        /// <summary>Masks.</summary>
        Mask,

        /// <summary>Unmasks and looks again.</summary>
        Unmask,

        /// <summary>The writer stores the operand as its write index.</summary>
        StoreWriteIndex,

        /// <summary>The writer stores the operand as the reader's own index.</summary>
        StoreReadIndex,

        /// <summary>The writer stores the operand as the mask.</summary>
        StoreMask,

        /// <summary>The writer asks for room.</summary>
        StorePendingSendSize,

        /// <summary>The writer changes what it supports.</summary>
        StoreFeatureBits,

        /// <summary>The writer overwrites two bytes of data: where, and with what.</summary>
        StoreData,

        /// <summary>Takes a packet; the writer then overwrites it while it is in use.</summary>
        TakeAndStoreData,
    }

    /// <summary>Runs one input.</summary>
    /// <exception cref="FindingException">The reader broke its law.</exception>
    public static void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        byte options = input.Byte();
        FuzzRing ring = FuzzRing.Get((options & TwoPages) != 0, (options & MappedTwice) != 0);
        foreach (int word in (ReadOnlySpan<int>)[FuzzRing.WriteIndex, FuzzRing.ReadIndex, FuzzRing.InterruptMask, FuzzRing.PendingSendSize, FuzzRing.FeatureBits])
            ring.Store(word, input.Word());
        var program = new FuzzInput(input.Take(Math.Min((int)input.Byte(), MaxOperations) * 5));
        ring.Put(ring.Load(FuzzRing.ReadIndex), input.Rest);

        IncomingRing reader;
        try
        {
            reader = new IncomingRing(ring.Memory, new IncomingRingOptions
            {
                Trust = (options & Untrusted) != 0 ? PeerTrust.Untrusted : PeerTrust.Trusted,
                MaxPacketLength = (options & SmallLimit) != 0 ? SmallestLimit : 0,
            });
        }
        catch (RingCorruptException)
        {
            return;
        }

        try
        {
            Perform(ref program, reader, ring, options);
            Drain(reader, ring, options);
        }
        catch (RingCorruptException fault)
        {
            StaysFaulted(reader, fault);
        }
    }

    private static void Perform(ref FuzzInput program, IncomingRing reader, FuzzRing ring, byte options)
    {
        Span<byte> destination = stackalloc byte[1024];
        IncomingBatch batch = default;
        bool open = false;
        try
        {
            while (!program.IsEmpty)
            {
                var operation = (Operation)(program.Byte() % ((int)Operation.TakeAndStoreData + 1));
                uint operand = program.Word();
                if (!open && operation is Operation.Take or Operation.TakeAndStoreData or Operation.Commit)
                {
                    batch.Dispose();
                    batch = reader.ReadBatch();
                    open = true;
                }

                switch (operation)
                {
                    case Operation.Take:
                        if (batch.TryNext(out RingPacket packet))
                            Use(packet, ring, options);
                        break;
                    case Operation.TakeAndStoreData:
                        if (batch.TryNext(out RingPacket disturbed))
                            UseDisturbed(disturbed, ring, options, operand);
                        break;
                    case Operation.Commit:
                        batch.Commit();
                        open = false;
                        break;
                    case Operation.Revert:
                        batch.Dispose();
                        open = false;
                        break;
                    case Operation.Read when !open:
                        if (reader.TryRead(destination[..(int)(operand % 1025)], out int length, out _, out _))
                            FindingException.Unless(length <= operand % 1025 && length % 8 == 0, $"A read of {length} bytes into {operand % 1025}.");
                        break;
                    case Operation.Mask:
                        reader.MaskInterrupt();
                        FindingException.Unless(ring.Load(FuzzRing.InterruptMask) == 1, "The mask is not set.");
                        break;
                    case Operation.Unmask:
                        FindingException.Unless(reader.UnmaskInterrupt() == reader.HasPackets, "The second look and HasPackets differ.");
                        FindingException.Unless(ring.Load(FuzzRing.InterruptMask) == 0, "The mask is not clear.");
                        break;
                    case Operation.StoreWriteIndex:
                        ring.Store(FuzzRing.WriteIndex, operand);
                        break;
                    case Operation.StoreReadIndex:
                        ring.Store(FuzzRing.ReadIndex, operand);
                        break;
                    case Operation.StoreMask:
                        ring.Store(FuzzRing.InterruptMask, operand);
                        break;
                    case Operation.StorePendingSendSize:
                        ring.Store(FuzzRing.PendingSendSize, operand);
                        break;
                    case Operation.StoreFeatureBits:
                        ring.Store(FuzzRing.FeatureBits, operand);
                        break;
                    case Operation.StoreData:
                        StoreData(ring, operand);
                        break;
                }
            }
        }
        finally
        {
            batch.Dispose();
        }
    }

    /// <summary>Reads to the end. What is published is finite, so the packets are.</summary>
    private static void Drain(IncomingRing reader, FuzzRing ring, byte options)
    {
        int limit = 2 * ring.Memory.DataSize / 24 + 2;
        int taken = 0;
        using IncomingBatch batch = reader.ReadBatch();
        while (batch.TryNext(out RingPacket packet))
        {
            FindingException.Unless(++taken <= limit, "More packets than the ring can hold.");
            Use(packet, ring, options);
        }

        batch.Commit();
        uint read = ring.Load(FuzzRing.ReadIndex);
        uint write = ring.Load(FuzzRing.WriteIndex);
        FindingException.Unless(taken == 0 || read == write, $"Drained, but the indices are {read} and {write}.");
    }

    private static ulong Use(in RingPacket packet, FuzzRing ring, byte options)
    {
        int length = 16 + packet.ExtendedHeader.Length + packet.Payload.Length;
        int limit = (options & SmallLimit) != 0 ? SmallestLimit : ring.Memory.DataSize - 16;
        FindingException.Unless(length <= limit && length % 8 == 0, $"A packet of {length} bytes, more than {limit}.");
        FindingException.Unless(packet.Type is PacketType.DataInBand or PacketType.Completion or PacketType.DataUsingGpaDirect or PacketType.DataUsingTransferPages,
            $"A packet of type {packet.Type}.");
        FindingException.Unless((packet.Flags & ~PacketFlags.CompletionRequested) == 0, $"A packet with flags {packet.Flags}.");
        ulong sum = packet.TransactionId + (packet.WantsCompletion ? 1UL : 0);
        foreach (byte each in packet.ExtendedHeader)
            sum += each;
        foreach (byte each in packet.Payload)
            sum += each;
        int ranges = 0;
        switch (packet.Type)
        {
            case PacketType.DataUsingGpaDirect:
                foreach (GpaRangeList.Range range in packet.GpaRanges)
                {
                    ulong pages = ((ulong)range.ByteOffset + range.ByteCount + RingMemory.PageSize - 1) / RingMemory.PageSize;
                    FindingException.Unless(range.ByteOffset < RingMemory.PageSize && pages == (ulong)range.PageNumbers.Length,
                        $"A range of {range.ByteCount} bytes from {range.ByteOffset} with {range.PageNumbers.Length} pages.");
                    ranges++;
                    foreach (ulong page in range.PageNumbers)
                        sum += page;
                }

                break;
            case PacketType.DataUsingTransferPages:
                sum += packet.TransferPageSetId;
                foreach (TransferPageRange range in packet.TransferPageRanges)
                {
                    ranges++;
                    sum += range.ByteCount + (ulong)range.ByteOffset;
                }

                break;
        }

        FindingException.Unless(ranges == packet.RangeCount, $"{ranges} ranges where {packet.RangeCount} were promised.");
        return sum;
    }

    /// <summary>
    /// Uses a packet that changes underneath. A copy must not notice; in place, nothing may be touched outside the
    /// packet, and lists that no longer hold together may say so.
    /// </summary>
    private static void UseDisturbed(in RingPacket packet, FuzzRing ring, byte options, uint operand)
    {
        ulong before = Use(packet, ring, options);
        StoreData(ring, operand);
        if ((options & Untrusted) != 0)
        {
            FindingException.Unless(Use(packet, ring, options) == before, "An untrusted writer changed a packet that was already read.");
            return;
        }

        try
        {
            Use(packet, ring, options);
        }
        catch (Exception noticed) when (noticed is ArgumentOutOfRangeException or FindingException)
        {
            // A trusted writer that is not to be trusted: a bounds check, or ranges that are not what they were.
        }
    }

    private static void StoreData(FuzzRing ring, uint operand) => ring.Put(operand & 0xffff, [(byte)(operand >> 16), (byte)(operand >> 24)]);

    private static void StaysFaulted(IncomingRing reader, RingCorruptException fault)
    {
        FindingException.Unless(reader.CorruptionError?.Fault == fault.Fault, $"{fault.Fault} was thrown, {reader.CorruptionError?.Fault} is kept.");
        try
        {
            using IncomingBatch batch = reader.ReadBatch();
            batch.TryNext(out _);
        }
        catch (RingCorruptException again) when (again.Fault == fault.Fault)
        {
            return;
        }

        throw new FindingException($"After {fault.Fault} the ring goes on.");
    }
}
