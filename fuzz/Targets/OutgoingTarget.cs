// A hostile reader against OutgoingRing: between the writer's calls it scribbles on the read index, the mask, the
// pending size and the writer's own words. An honest reader takes part as long as nothing is scribbled, and finds every
// packet as it was written.
//
// Input: options (1 byte), the five words of the control page (20), operations (5 each: code and operand).

using System.Runtime.Versioning;
using VmBus.Layout;

namespace VmBus.Fuzz;

/// <summary>
/// Writes to a ring whose reader is hostile. The law: room or none, or <see cref="RingCorruptException"/>, and a write
/// index that is always sound.
/// </summary>
[SupportedOSPlatform("linux")]
public static class OutgoingTarget
{
    /// <summary>Option bits.</summary>
    public const byte MultiProducer = 1, MappedTwice = 2, TwoPages = 4;

    /// <summary>The most operations of one input: fewer than the numbers packets are told apart by.</summary>
    public const int MaxOperations = 255;

    private static readonly ulong[] PageNumbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

    /// <summary>What the writer does, or the reader in between.</summary>
    public enum Operation : byte
    {
        /// <summary>Writes an in-band packet, or adds it to the open batch; the operand is its length.</summary>
        Write,

        /// <summary>Opens a batch.</summary>
        Begin,

        /// <summary>Commits the batch.</summary>
        Commit,

        /// <summary>Takes back what the batch holds, and goes on with it.</summary>
        Revert,

        /// <summary>Gives the batch up.</summary>
        Dispose,

        /// <summary>Reserves and fills a packet in the open batch.</summary>
        Reserve,

        /// <summary>Writes a GPA-direct packet: payload length, and how many pages.</summary>
        GpaDirect,

        /// <summary>Writes a transfer-page packet: payload length, and how many ranges.</summary>
        TransferPages,

        /// <summary>Asks for room.</summary>
        RequestRoom,

        /// <summary>Asks for room no more.</summary>
        CancelRoom,

        /// <summary>The honest reader takes everything.</summary>
        Read,

        /// <summary>The reader stores the operand as its read index.</summary>
        StoreReadIndex,

        /// <summary>The reader stores the operand as its mask.</summary>
        StoreMask,

        /// <summary>The reader stores the operand as the writer's pending size.</summary>
        StorePendingSendSize,

        /// <summary>The reader stores the operand as the writer's own index.</summary>
        StoreWriteIndex,

        /// <summary>The reader stores the operand as the writer's features.</summary>
        StoreFeatureBits,
    }

    /// <summary>Runs one input.</summary>
    /// <exception cref="FindingException">The writer broke its law.</exception>
    public static void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        byte options = input.Byte();
        FuzzRing ring = FuzzRing.Get((options & TwoPages) != 0, (options & MappedTwice) != 0);
        foreach (int word in (ReadOnlySpan<int>)[FuzzRing.WriteIndex, FuzzRing.ReadIndex, FuzzRing.InterruptMask, FuzzRing.PendingSendSize, FuzzRing.FeatureBits])
            ring.Store(word, input.Word());
        var program = new FuzzInput(input.Take(MaxOperations * 5));

        OutgoingRing writer;
        try
        {
            writer = new OutgoingRing(ring.Memory, new OutgoingRingOptions { MultiProducer = (options & MultiProducer) != 0 });
        }
        catch (RingCorruptException)
        {
            return;
        }

        try
        {
            Perform(ref program, writer, ring);
        }
        catch (RingCorruptException fault)
        {
            StaysFaulted(writer, fault);
        }
    }

    private static void Perform(ref FuzzInput program, OutgoingRing writer, FuzzRing ring)
    {
        var honest = new HonestReader(ring);
        OutgoingBatch batch = default;
        bool open = false;
        try
        {
            while (!program.IsEmpty)
            {
                var operation = (Operation)(program.Byte() % ((int)Operation.StoreFeatureBits + 1));
                uint operand = program.Word();
                switch (operation)
                {
                    case Operation.Write or Operation.GpaDirect or Operation.TransferPages:
                        if (open)
                            honest.Added(Add(ref batch, writer, operation, operand, honest.Next), batched: true);
                        else
                            honest.Added(Write(writer, operation, operand, honest.Next), batched: false);
                        break;
                    case Operation.Reserve when open:
                        honest.Added(Reserve(ref batch, writer, operand, honest.Next), batched: true);
                        break;
                    case Operation.Begin when !open:
                        batch = writer.BeginBatch();
                        open = true;
                        break;
                    case Operation.Commit when open:
                        open = false;
                        batch.Commit();
                        honest.Committed();
                        break;
                    case Operation.Revert when open:
                        batch.Revert();
                        honest.Reverted();
                        break;
                    case Operation.Dispose when open:
                        open = false;
                        batch.Dispose();
                        honest.Reverted();
                        break;
                    case Operation.RequestRoom when !open:
                        int wanted = (int)(operand % (uint)(writer.MaxPayloadLength + 1));
                        bool room = writer.RequestRoom(wanted);
                        FindingException.Unless(!room || ring.Load(FuzzRing.PendingSendSize) == 0, "There is room, and it is still asked for.");
                        FindingException.Unless(room || ring.Load(FuzzRing.PendingSendSize) >= wanted + 24, "Too little room is asked for.");
                        break;
                    case Operation.CancelRoom:
                        writer.CancelRoomRequest();
                        break;
                    case Operation.Read:
                        honest.Drain();
                        break;
                    case Operation.StoreReadIndex:
                        ring.Store(FuzzRing.ReadIndex, operand);
                        honest.Leave();
                        break;
                    case Operation.StoreMask:
                        ring.Store(FuzzRing.InterruptMask, operand);
                        break;
                    case Operation.StorePendingSendSize:
                        ring.Store(FuzzRing.PendingSendSize, operand);
                        break;
                    case Operation.StoreWriteIndex:
                        ring.Store(FuzzRing.WriteIndex, operand);
                        honest.Leave();
                        break;
                    case Operation.StoreFeatureBits:
                        ring.Store(FuzzRing.FeatureBits, operand);
                        break;
                }

                uint index = ring.Load(FuzzRing.WriteIndex);
                FindingException.Unless(operation == Operation.StoreWriteIndex || !honest.Stays || (index < ring.Memory.DataSize && index % 8 == 0),
                    $"The write index is {index}.");
            }
        }
        finally
        {
            batch.Dispose();
        }

        if (!open)
            honest.Drain();
    }

    private static bool Write(OutgoingRing writer, Operation operation, uint operand, byte fill)
    {
        Span<byte> header = stackalloc byte[8 + 16 * 16];
        Span<byte> payload = Payload(stackalloc byte[8192], writer, operand, fill);
        try
        {
            return operation switch
            {
                Operation.GpaDirect => writer.TryWrite(GpaDirect(header, payload, operand, fill), out _),
                Operation.TransferPages => writer.TryWrite(TransferPages(header, payload, operand, fill), out _),
                _ => writer.TryWrite(payload, fill, PacketFlags.None, out _),
            };
        }
        catch (ArgumentException) when (NeverFits(writer, header.Length, payload.Length))
        {
            return false;
        }
    }

    private static bool Add(ref OutgoingBatch batch, OutgoingRing writer, Operation operation, uint operand, byte fill)
    {
        Span<byte> header = stackalloc byte[8 + 16 * 16];
        Span<byte> payload = Payload(stackalloc byte[8192], writer, operand, fill);
        try
        {
            return operation switch
            {
                Operation.GpaDirect => batch.TryAdd(GpaDirect(header, payload, operand, fill)),
                Operation.TransferPages => batch.TryAdd(TransferPages(header, payload, operand, fill)),
                _ => batch.TryAdd(payload, fill),
            };
        }
        catch (ArgumentException) when (NeverFits(writer, header.Length, payload.Length))
        {
            return false;
        }
    }

    private static bool Reserve(ref OutgoingBatch batch, OutgoingRing writer, uint operand, byte fill)
    {
        int length = (int)(operand % (uint)(writer.MaxPayloadLength + 1));
        if (!batch.TryReserve(length, out Span<byte> payload, fill))
            return false;
        FindingException.Unless(payload.Length == length, $"{payload.Length} bytes were reserved, not {length}.");
        payload.Fill(fill);
        return true;
    }

    /// <summary>Up to 16 bytes longer than what fits, so that the refusal is met too.</summary>
    private static Span<byte> Payload(Span<byte> buffer, OutgoingRing writer, uint operand, byte fill)
    {
        Span<byte> payload = buffer[..(int)((operand & 0xffff) % (uint)Math.Min(writer.MaxPayloadLength + 16, buffer.Length))];
        payload.Fill(fill);
        return payload;
    }

    private static bool NeverFits(OutgoingRing writer, int header, int payload) => header + payload > writer.MaxPayloadLength;

    private static OutgoingPacket GpaDirect(Span<byte> buffer, Span<byte> payload, uint operand, byte fill)
    {
        int pages = (int)(operand >> 16) % PageNumbers.Length + 1;
        var header = new GpaDirectHeaderWriter(buffer);
        header.AddRange((uint)pages * RingMemory.PageSize, 0, PageNumbers.AsSpan(0, pages));
        return OutgoingPacket.GpaDirect(header, payload, fill);
    }

    private static OutgoingPacket TransferPages(Span<byte> buffer, Span<byte> payload, uint operand, byte fill)
    {
        var header = new TransferPageHeaderWriter(buffer, fill);
        for (uint i = 0; i <= (operand >> 16) % 16; i++)
            header.AddRange(i, i);
        return OutgoingPacket.TransferPages(header, payload, fill);
    }

    private static void StaysFaulted(OutgoingRing writer, RingCorruptException fault)
    {
        FindingException.Unless(writer.CorruptionError?.Fault == fault.Fault, $"{fault.Fault} was thrown, {writer.CorruptionError?.Fault} is kept.");
        try
        {
            writer.TryWrite([], 0, PacketFlags.None, out _);
        }
        catch (RingCorruptException again) when (again.Fault == fault.Fault)
        {
            return;
        }

        throw new FindingException($"After {fault.Fault} the ring goes on.");
    }
}
