// A SCSI command, read once and checked. Layouts: SBC-3 chapter 5, SPC-4 chapter 6; names as in Linux include/scsi/scsi_proto.h.

using System.Buffers.Binary;

namespace VmBus.Devices;

/// <summary>The commands a disk knows.</summary>
internal enum ScsiOperation : byte
{
    TestUnitReady = 0x00,
    RequestSense = 0x03,
    Read6 = 0x08,
    Write6 = 0x0A,
    Inquiry = 0x12,
    ModeSense6 = 0x1A,
    StartStop = 0x1B,
    ReadCapacity10 = 0x25,
    Read10 = 0x28,
    Write10 = 0x2A,
    Verify10 = 0x2F,
    SynchronizeCache10 = 0x35,
    Unmap = 0x42,
    ModeSense10 = 0x5A,
    Read16 = 0x88,
    Write16 = 0x8A,
    Verify16 = 0x8F,
    SynchronizeCache16 = 0x91,
    WriteSame16 = 0x93,
    ServiceActionIn16 = 0x9E,
    ReportLuns = 0xA0,
    Read12 = 0xA8,
    Write12 = 0xAA,
}

/// <summary>A command as its block says it: 16 bytes, of which short commands use the first.</summary>
internal readonly ref struct ScsiCommand(ReadOnlySpan<byte> block)
{
    private const byte ForceUnitAccess = 0x08;
    private readonly ReadOnlySpan<byte> _block = block;

    public ScsiOperation Operation => (ScsiOperation)_block[0];

    /// <summary>The second byte: flags, or a service action.</summary>
    public byte Flags => _block[1];

    /// <summary>The third byte: a page.</summary>
    public byte Page => _block[2];

    public byte this[int index] => _block[index];

    /// <summary>How long the block must be: the group of the operation says it (SPC-4, 4.2.5.1). 0 where it says nothing.</summary>
    public static int LengthOf(byte operation) => (operation >> 5) switch { 0 => 6, 1 or 2 => 10, 4 => 16, 5 => 12, _ => 0 };

    /// <summary>Whether the data must reach the medium, or come from it.</summary>
    public bool HasForceUnitAccess => Operation is not (ScsiOperation.Read6 or ScsiOperation.Write6) && (Flags & ForceUnitAccess) != 0;

    /// <summary>Whether it asks for protection information, which no disk here has: RDPROTECT, WRPROTECT.</summary>
    public bool HasProtection => _block.Length > 0 && LengthOf(_block[0]) != 6 && (Flags & 0xE0) != 0;

    /// <summary>The first block of a command that names blocks.</summary>
    public ulong Lba => LengthOf(_block[0]) switch
    {
        6 => BinaryPrimitives.ReadUInt32BigEndian(_block) & 0x1F_FFFF,
        16 => BinaryPrimitives.ReadUInt64BigEndian(_block[2..]),
        _ => BinaryPrimitives.ReadUInt32BigEndian(_block[2..]),
    };

    /// <summary>How many blocks. 0 means 256 to the shortest commands, and none to the others.</summary>
    public uint BlockCount => LengthOf(_block[0]) switch
    {
        6 => _block[4] == 0 ? 256u : _block[4],
        10 => BinaryPrimitives.ReadUInt16BigEndian(_block[7..]),
        12 => BinaryPrimitives.ReadUInt32BigEndian(_block[6..]),
        _ => BinaryPrimitives.ReadUInt32BigEndian(_block[10..]),
    };

    /// <summary>How much of an answer is wanted, or how long a parameter list is.</summary>
    public int AllocationLength => (int)Math.Min(int.MaxValue, Operation switch
    {
        ScsiOperation.Inquiry => BinaryPrimitives.ReadUInt16BigEndian(_block[3..]),
        ScsiOperation.ModeSense10 or ScsiOperation.Unmap => BinaryPrimitives.ReadUInt16BigEndian(_block[7..]),
        ScsiOperation.ReportLuns => BinaryPrimitives.ReadUInt32BigEndian(_block[6..]),
        ScsiOperation.ServiceActionIn16 => BinaryPrimitives.ReadUInt32BigEndian(_block[10..]),
        ScsiOperation.ReadCapacity10 => 8,
        _ => _block[4],
    });
}
