using System.Runtime.InteropServices;
using VmBus.Devices;

namespace VmBus.Fuzz;

/// <summary>
/// Packets of a hostile guest to a SCSI controller, without its ring: the negotiation, and commands to a small disk. Input: options
/// (1 byte: read only, thin, negotiated already), then packets: kind (1 byte: of a subchannel, of memory that ends early), bytes of
/// memory (2 bytes), and the packet of 64 bytes.
/// </summary>
public static class DiskTarget
{
    /// <summary>Bits of the options.</summary>
    public const byte ReadOnly = 1, Thin = 2, Negotiated = 4;

    /// <summary>Bits of a packet's kind.</summary>
    public const byte OnSubchannel = 1, MemoryEnds = 2;

    private const int Blocks = 64;

    /// <summary>Runs one input.</summary>
    public static void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        byte options = input.Byte();
        var device = new Array(options);
        var target = new ScsiTarget();
        target.TryAttach(0, new ScsiDisk(device, Guid.Empty));
        var protocol = new StorageProtocol(4);
        if ((options & Negotiated) != 0)
            protocol.Restore(StorageProtocol.State.Ready, StorageProtocolVersion.V6_2, 0);
        Span<byte> packet = stackalloc byte[StoragePacketHeader.PacketSize];
        Span<byte> body = stackalloc byte[ScsiRequestBlock.Size];
        while (!input.IsEmpty)
        {
            byte kind = input.Byte();
            var memory = new Memory(input.Byte() | input.Byte() << 8, (kind & MemoryEnds) != 0);
            packet.Clear();
            body.Clear();
            ReadOnlySpan<byte> taken = input.Take(packet.Length);
            taken.CopyTo(packet);
            ReadOnlySpan<byte> whole = packet[..Math.Max(StoragePacketHeader.Size, taken.Length)];
            bool wasReady = protocol.IsReady;
            StorageAnswer answer = (kind & OnSubchannel) != 0 ? protocol.HandleSubchannel(whole) : protocol.Handle(whole, body);
            FindingException.Unless(!wasReady || protocol.IsReady, "A negotiation that had ended began again.");
            FindingException.Unless(answer.Subchannels <= 4, $"{answer.Subchannels} subchannels of 4.");
            if (answer.Action == StorageAction.Execute)
                Execute(target, device, MemoryMarshal.Read<ScsiRequestBlock>(whole[StoragePacketHeader.Size..]), memory);
        }
    }

    private static void Execute(ScsiTarget target, Array device, ScsiRequestBlock request, Memory memory)
    {
        memory.IsDataIn = request.Direction != ScsiRequestBlock.DataOut;
        Task<ScsiOutcome> executing = target.ExecuteAsync(in request, memory).AsTask();
        FindingException.Unless(executing.IsCompleted, "A command over memory did not end.");
        ScsiOutcome outcome = executing.GetAwaiter().GetResult();
        FindingException.Unless(outcome.Transferred >= 0 && outcome.Transferred <= memory.Length, $"{outcome.Transferred} bytes of {memory.Length} were moved.");
        FindingException.Unless(outcome.Sense is null || outcome.Transferred == 0, "A command that failed has moved bytes.");
        FindingException.Unless(outcome.Sense?.Key != SenseKey.HardwareError, "A command made the storage fail.");
        FindingException.Unless(device.Wrong is null, device.Wrong ?? "");
    }

    private sealed class Memory(int length, bool ends) : IScsiData
    {
        private readonly byte[] _bytes = new byte[length];

        public long Length => _bytes.Length;

        public bool IsDataIn { get; set; }

        public bool TryRead(long offset, Span<byte> destination)
        {
            if (!IsThere(offset, destination.Length))
                return false;
            _bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
            return true;
        }

        public bool TryWrite(long offset, ReadOnlySpan<byte> source)
        {
            FindingException.Unless(IsDataIn, "The guest's memory was written by a command that reads it.");
            if (!IsThere(offset, source.Length))
                return false;
            source.CopyTo(_bytes.AsSpan((int)offset));
            return true;
        }

        private bool IsThere(long offset, int count)
        {
            FindingException.Unless(offset >= 0 && offset + count <= _bytes.Length, $"{count} bytes at {offset} of {_bytes.Length}.");
            return !ends || offset + count < _bytes.Length;
        }
    }

    /// <summary>A disk that notices what the controller should not have asked of it.</summary>
    private sealed class Array(byte options) : IBlockDevice
    {
        private readonly byte[] _bytes = new byte[Blocks * IBlockDevice.BlockSize];

        public string? Wrong { get; private set; }

        public long Length => _bytes.Length;

        public bool IsReadOnly => (options & ReadOnly) != 0;

        public bool CanUnmap => (options & Thin) != 0;

        public ValueTask ReadAsync(long offset, Memory<byte> destination)
        {
            if (Check(offset, destination.Length, changes: false))
                _bytes.AsMemory((int)offset, destination.Length).CopyTo(destination);
            return default;
        }

        public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source)
        {
            if (Check(offset, source.Length, changes: true))
                source.CopyTo(_bytes.AsMemory((int)offset));
            return default;
        }

        public ValueTask FlushAsync() => default;

        public ValueTask UnmapAsync(long offset, long length)
        {
            Check(offset, length, changes: true);
            if (!CanUnmap)
                Wrong = "A disk that is not thin gave blocks back.";
            return default;
        }

        private bool Check(long offset, long length, bool changes)
        {
            bool isWithin = offset >= 0 && length > 0 && offset % 512 == 0 && length % 512 == 0 && offset <= Length - length;
            if (!isWithin)
                Wrong = $"{length} bytes at {offset} of {Length} were asked for.";
            else if (changes && IsReadOnly)
                Wrong = "A disk that is only read was changed.";
            return isWithin;
        }
    }
}
