// What a disk says of itself: INQUIRY and its vital product data (SPC-4 6.6, 7.8; SBC-3 6.6), MODE SENSE (SPC-4 7.5, SBC-3 6.5),
// READ CAPACITY (SBC-3 5.15, 5.16), REPORT LUNS (SPC-4 6.33). The names of maker and model are Hyper-V's: Linux's storvsc
// takes WRITE SAME and SPC-3 from a disk of that maker only (storvsc_device_configure).

using System.Buffers.Binary;

namespace VmBus.Devices;

/// <summary>Writes the pages of a disk.</summary>
internal static class ScsiPages
{
    /// <summary>More than any page has.</summary>
    public const int MaxLength = 256;

    /// <summary>The most descriptors of one UNMAP.</summary>
    public const int MaxUnmapDescriptors = 256;

    /// <summary>The most blocks of one WRITE SAME that writes: 8 MiB.</summary>
    public const uint MaxWriteSameBlocks = 16384;

    private const byte Absent = 0x7F;       // peripheral qualifier 3, type 1Fh
    private const int PhysicalBlockSize = 4096;
    private const int UnmapGranularity = PhysicalBlockSize / IBlockDevice.BlockSize;

    /// <summary>Standard INQUIRY data.</summary>
    /// <param name="page">Filled from the start; of zeros.</param>
    /// <param name="isPresent">Whether there is a disk: if not, its peripheral qualifier says so.</param>
    /// <returns>How long it is.</returns>
    public static int WriteInquiry(Span<byte> page, bool isPresent)
    {
        const int Length = 96;
        page[0] = isPresent ? (byte)0 : Absent;
        page[2] = 5;                        // SPC-3
        page[3] = 2;                        // the format of these data
        page[4] = Length - 5;
        if (!isPresent)
            return Length;
        page[7] = 0x02;                     // CMDQUE
        "Msft    Virtual Disk    1.0 "u8.CopyTo(page[8..]);
        return Length;
    }

    /// <summary>A page of vital product data.</summary>
    /// <param name="page">Filled from the start; of zeros.</param>
    /// <param name="code">Which.</param>
    /// <param name="id">The disk's own id.</param>
    /// <param name="canUnmap">Whether blocks can be given back.</param>
    /// <returns>How long it is; 0 when there is no such page.</returns>
    public static int WriteVitalProductData(Span<byte> page, byte code, Guid id, bool canUnmap)
    {
        page[1] = code;
        Span<byte> body = page[4..];
        int length = code switch
        {
            0x00 => WriteSupported(body, canUnmap),
            0x80 => WriteSerialNumber(body, id),
            0x83 => WriteIdentification(body, id),
            0xB0 => WriteLimits(body, canUnmap),
            0xB1 => WriteCharacteristics(body),
            0xB2 when canUnmap => WriteProvisioning(body),
            _ => -1,
        };
        if (length < 0)
            return 0;
        BinaryPrimitives.WriteUInt16BigEndian(page[2..], (ushort)length);
        return 4 + length;
    }

    /// <summary>The answer to MODE SENSE.</summary>
    /// <param name="page">Filled from the start; of zeros.</param>
    /// <param name="isLong">Whether it is that of the 10-byte command.</param>
    /// <param name="control">Which page, with the kind of values that is asked for in the upper two bits.</param>
    /// <param name="subpage">Which subpage.</param>
    /// <param name="isReadOnly">Whether the disk is write-protected.</param>
    /// <returns>How long it is; 0 when there is no such page.</returns>
    public static int WriteModeSense(Span<byte> page, bool isLong, byte control, byte subpage, bool isReadOnly)
    {
        const byte All = 0x3F, Caching = 0x08, Control = 0x0A, Saved = 3;
        int code = control & 0x3F, kind = control >> 6;
        if (kind == Saved || subpage is not (0 or 0xFF) || code is not (All or Caching or Control))
            return 0;
        // Nothing can be changed: the mask of what can is all zeros.
        bool areValues = kind != 1;
        int at = isLong ? 8 : 4;
        if (code is All or Caching)
        {
            page[at] = Caching;
            page[at + 1] = 0x12;
            page[at + 2] = areValues ? (byte)0x04 : (byte)0;        // WCE: writes are cached until a flush
            at += 0x14;
        }
        if (code is All or Control)
        {
            page[at] = Control;
            page[at + 1] = 0x0A;
            page[at + 3] = areValues ? (byte)0x10 : (byte)0;        // commands may be reordered
            at += 0x0C;
        }
        const byte DpoFua = 0x10, WriteProtect = 0x80;
        byte specific = (byte)(DpoFua | (isReadOnly ? WriteProtect : 0));
        if (isLong)
        {
            BinaryPrimitives.WriteUInt16BigEndian(page, (ushort)(at - 2));
            page[3] = specific;
        }
        else
        {
            page[0] = (byte)(at - 1);
            page[2] = specific;
        }
        return at;
    }

    /// <summary>The answer to READ CAPACITY (10): the last block, or that it does not fit.</summary>
    /// <param name="page">Filled from the start.</param>
    /// <param name="blocks">How many blocks there are.</param>
    /// <returns>How long it is.</returns>
    public static int WriteCapacity10(Span<byte> page, ulong blocks)
    {
        BinaryPrimitives.WriteUInt32BigEndian(page, (uint)Math.Min(blocks - 1, uint.MaxValue));
        BinaryPrimitives.WriteUInt32BigEndian(page[4..], IBlockDevice.BlockSize);
        return 8;
    }

    /// <summary>The answer to READ CAPACITY (16).</summary>
    /// <param name="page">Filled from the start; of zeros.</param>
    /// <param name="blocks">How many blocks there are.</param>
    /// <param name="canUnmap">Whether blocks can be given back.</param>
    /// <returns>How long it is.</returns>
    public static int WriteCapacity16(Span<byte> page, ulong blocks, bool canUnmap)
    {
        BinaryPrimitives.WriteUInt64BigEndian(page, blocks - 1);
        BinaryPrimitives.WriteUInt32BigEndian(page[8..], IBlockDevice.BlockSize);
        page[13] = 3;                               // 2^3 logical blocks in a physical one
        page[14] = canUnmap ? (byte)0xC0 : (byte)0; // LBPME, LBPRZ: thin, and what was unmapped reads as zeros
        return 32;
    }

    // In ascending order, as SPC-4 wants them.
    private static int WriteSupported(Span<byte> body, bool canUnmap)
    {
        ReadOnlySpan<byte> pages = [0x00, 0x80, 0x83, 0xB0, 0xB1, 0xB2];
        ReadOnlySpan<byte> supported = canUnmap ? pages : pages[..^1];
        supported.CopyTo(body);
        return supported.Length;
    }

    private static int WriteSerialNumber(Span<byte> body, Guid id)
    {
        id.TryFormat(body, out int length, "N");
        return length;
    }

    // One designator: NAA 6 of Microsoft's company id 00-22-48, as Hyper-V makes it out of a disk's id.
    private static int WriteIdentification(Span<byte> body, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes);
        body[0] = 1;                                // binary
        body[1] = 3;                                // NAA, of the logical unit
        body[3] = 16;
        ReadOnlySpan<byte> company = [0x60, 0x02, 0x24, 0x80];
        company.CopyTo(body[4..]);
        bytes[..6].CopyTo(body[8..]);
        bytes[10..].CopyTo(body[14..]);
        return 20;
    }

    private static int WriteLimits(Span<byte> body, bool canUnmap)
    {
        const int Length = 0x3C;
        // All offsets are those of the page, less its head of 4 bytes.
        BinaryPrimitives.WriteUInt16BigEndian(body[2..], UnmapGranularity);         // the optimal transfer's granularity
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], StorageProtocol.MaxTransferBytes / IBlockDevice.BlockSize);
        if (canUnmap)
        {
            BinaryPrimitives.WriteUInt32BigEndian(body[16..], uint.MaxValue);       // blocks of one descriptor
            BinaryPrimitives.WriteUInt32BigEndian(body[20..], MaxUnmapDescriptors);
            BinaryPrimitives.WriteUInt32BigEndian(body[24..], UnmapGranularity);
            BinaryPrimitives.WriteUInt32BigEndian(body[28..], 0x8000_0000);         // UGAVALID, aligned to block 0
        }
        BinaryPrimitives.WriteUInt64BigEndian(body[32..], MaxWriteSameBlocks);
        return Length;
    }

    // A rotation rate of 1: it does not rotate.
    private static int WriteCharacteristics(Span<byte> body)
    {
        BinaryPrimitives.WriteUInt16BigEndian(body, 1);
        return 0x3C;
    }

    // LBPU, LBPWS, LBPRZ; thin.
    private static int WriteProvisioning(Span<byte> body)
    {
        body[1] = 0x80 | 0x40 | 0x04;
        body[2] = 2;
        return 4;
    }
}
