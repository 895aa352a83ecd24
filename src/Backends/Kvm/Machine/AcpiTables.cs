// The ACPI tables of a machine that has a VMBus, its processors, a serial port, and a way to turn it off: nothing more.
// Layouts: ACPI specification 6.5, chapter 5; the VMBus device as Hyper-V's firmware declares it (hardware id "VMBUS").

using System.Buffers.Binary;
using System.Text;

namespace VmBus.Kvm;

/// <summary>Writes the tables.</summary>
internal static class AcpiTables
{
    /// <summary>Where the root pointer is. The tables follow it.</summary>
    public const ulong Address = 0xE_0000;

    /// <summary>How many bytes the tables may take.</summary>
    public const int MostBytes = 0x1_0000;

    /// <summary>
    /// The window of addresses that drivers of synthetic devices may take. Below the I/O APIC, above all memory that lies below
    /// 4 GiB; nothing is there.
    /// </summary>
    public const uint WindowBase = 0xF800_0000;

    /// <summary>Bytes of the window.</summary>
    public const uint WindowSize = 0x0400_0000;

    private const int HeaderSize = 36;
    private const uint LocalApicAddress = 0xFEE0_0000;
    private const uint IoApicAddress = 0xFEC0_0000;
    private const ushort SystemControlInterrupt = 9;

    /// <summary>Writes them.</summary>
    /// <param name="memory">The guest's memory from <see cref="Address"/> on, <see cref="MostBytes"/> long.</param>
    /// <param name="vpCount">How many processors there are.</param>
    public static void Write(Span<byte> memory, int vpCount)
    {
        memory[..MostBytes].Clear();
        ulong next = Address + 64;
        ulong firmware = Place(memory, ref next, FirmwareControl());
        ulong dsdt = Place(memory, ref next, Table("DSDT", 2, MachineLanguage()));
        ulong fadt = Place(memory, ref next, Table("FACP", 6, FixedDescription(firmware, dsdt)));
        ulong madt = Place(memory, ref next, Table("APIC", 4, Interrupts(vpCount)));
        byte[] pointers = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(pointers, fadt);
        BinaryPrimitives.WriteUInt64LittleEndian(pointers.AsSpan(8), madt);
        ulong xsdt = Place(memory, ref next, Table("XSDT", 1, pointers));
        RootPointer(memory[..36], xsdt);
    }

    private static ulong Place(Span<byte> memory, ref ulong next, byte[] table)
    {
        ulong at = next;
        table.CopyTo(memory[(int)(at - Address)..]);
        next = at + (ulong)table.Length + 63 & ~63ul;
        return at;
    }

    private static void RootPointer(Span<byte> pointer, ulong xsdt)
    {
        "RSD PTR "u8.CopyTo(pointer);
        "VMBUS "u8.CopyTo(pointer[9..]);
        pointer[15] = 2;        // revision
        BinaryPrimitives.WriteInt32LittleEndian(pointer[20..], pointer.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(pointer[24..], xsdt);
        pointer[8] = Checksum(pointer[..20]);
        pointer[32] = Checksum(pointer);
    }

    private static byte[] Table(string signature, byte revision, ReadOnlySpan<byte> body)
    {
        var table = new byte[HeaderSize + body.Length];
        Encoding.ASCII.GetBytes(signature, table);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(4), table.Length);
        table[8] = revision;
        "VMBUS "u8.CopyTo(table.AsSpan(10));
        "VMBUSNET"u8.CopyTo(table.AsSpan(16));
        table[24] = 1;          // OEM revision
        "VMBN"u8.CopyTo(table.AsSpan(28));
        table[32] = 1;          // compiler revision
        body.CopyTo(table.AsSpan(HeaderSize));
        table[9] = Checksum(table);
        return table;
    }

    private static byte[] FirmwareControl()
    {
        var table = new byte[64];
        "FACS"u8.CopyTo(table);
        table[4] = 64;
        table[32] = 2;          // version
        return table;
    }

    // FADT: the power management ports, and what of a PC is not there.
    private static byte[] FixedDescription(ulong firmware, ulong dsdt)
    {
        var body = new byte[276 - HeaderSize];
        Span<byte> table = body;
        Word32(table, 36, (uint)firmware);
        Word32(table, 40, (uint)dsdt);
        table[45 - HeaderSize] = 0;                             // preferred profile: unspecified
        Word16(table, 46, SystemControlInterrupt);
        Word32(table, 56, PowerPorts.EventBlock);               // PM1a event block
        Word32(table, 64, PowerPorts.ControlBlock);             // PM1a control block
        Word32(table, 76, PowerPorts.TimerBlock);               // PM timer
        table[88 - HeaderSize] = 4;                             // lengths of the three
        table[89 - HeaderSize] = 2;
        table[91 - HeaderSize] = 4;
        Word16(table, 96, 0xFFFF);                              // C2 and C3: not there
        Word16(table, 98, 0xFFFF);
        table[108 - HeaderSize] = CmosClock.CenturyRegister;
        // Boot flags: ISA devices; no VGA, no 8042; and no CMOS clock that a driver could use, since it never interrupts. Linux
        // reads it all the same at its start and after a sleep, and finds the century by this table.
        Word16(table, 109, 1 | 1 << 2 | 1 << 5);
        // Flags: WBINVD works, C1 works, no power and sleep buttons, a 32-bit timer, a reset register.
        Word32(table, 112, 1 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 10);
        Port(table, 116, 8, PowerPorts.ResetPort);
        table[128 - HeaderSize] = PowerPorts.ResetValue;
        table[131 - HeaderSize] = 5;                            // minor version
        Word64(table, 132, firmware);
        Word64(table, 140, dsdt);
        Port(table, 148, 32, PowerPorts.EventBlock);
        Port(table, 172, 16, PowerPorts.ControlBlock);
        Port(table, 208, 32, PowerPorts.TimerBlock);
        return body;
    }

    private static byte[] Interrupts(int vpCount)
    {
        var body = new List<byte>();
        Append32(body, LocalApicAddress);
        Append32(body, 1);                                      // there are 8259s as well
        for (int vp = 0; vp < vpCount; vp++)
        {
            body.AddRange([0, 8, (byte)vp, (byte)vp]);          // local APIC: processor, APIC id
            Append32(body, 1);                                  // enabled
        }
        body.AddRange([1, 12, (byte)vpCount, 0]);               // I/O APIC
        Append32(body, IoApicAddress);
        Append32(body, 0);                                      // its first line
        body.AddRange([2, 10, 0, 0]);                           // ISA line 0, the timer, is line 2
        Append32(body, 2);
        body.AddRange([0, 0]);
        body.AddRange([2, 10, 0, (byte)SystemControlInterrupt]);
        Append32(body, SystemControlInterrupt);
        body.AddRange([0x0D, 0]);                               // active high, by level
        body.AddRange([4, 6, 0xFF, 0, 0, 1]);                   // NMI at LINT1 of every processor
        return [.. body];
    }

    // AML (ACPI specification, chapter 20) for:
    //   Name (_S5, Package { 5, 5, 0, 0 })
    //   Scope (_SB)
    //   {
    //       Device (VMOD)
    //       {
    //           Name (_HID, "ACPI0004") Name (_UID, 0)
    //           Name (_CRS, ResourceTemplate { DWordMemory (ResourceProducer, …, WindowBase, WindowEnd, …) })
    //           Device (VMBS) { Name (_HID, "VMBUS") Name (_UID, 0) Name (_STA, 15) Name (_CRS, ResourceTemplate { IRQNoFlags () { 7 } }) }
    //       }
    //   }
    // As Hyper-V's firmware has it: the bus's parent is a module with a window of addresses for devices. Linux looks for the
    // window when the bus is found; kernels such as 5.10 fail (NULL) without one. Linux also wants current resources of the bus
    // itself that can be read; nothing is at interrupt 7.
    private static byte[] MachineLanguage()
    {
        byte[] sleep = [0x08, .. "_S5_"u8, 0x12, 0x08, 0x04, 0x0A, 0x05, 0x0A, 0x05, 0x00, 0x00];
        byte[] bus =
        [
            .. "VMBS"u8,
            0x08, .. "_HID"u8, 0x0D, .. "VMBUS"u8, 0x00,
            0x08, .. "_UID"u8, 0x00,
            0x08, .. "_STA"u8, 0x0A, 0x0F,
            .. Resources([0x22, 0x80, 0x00]),
        ];
        byte[] module =
        [
            .. "VMOD"u8,
            0x08, .. "_HID"u8, 0x0D, .. "ACPI0004"u8, 0x00,
            0x08, .. "_UID"u8, 0x00,
            .. Resources(Window()),
            0x5B, 0x82, .. Package(bus),
        ];
        byte[] scope = [.. "\\_SB_"u8, 0x5B, 0x82, .. Package(module)];
        return [.. sleep, 0x10, .. Package(scope)];
    }

    // Name (_CRS, Buffer { descriptors, end tag }). All fit lengths of one byte, of which the package's counts itself.
    private static byte[] Resources(byte[] descriptors) =>
        [0x08, .. "_CRS"u8, 0x11, (byte)(descriptors.Length + 5), 0x0A, (byte)(descriptors.Length + 2), .. descriptors, 0x79, 0x00];

    // A DWord address space descriptor: memory that the device hands on, decoded positively, both ends fixed.
    private static byte[] Window()
    {
        List<byte> descriptor = [0x87, 23, 0, 0, 0x0C, 0x01];
        Append32(descriptor, 0);                                // granularity
        Append32(descriptor, WindowBase);
        Append32(descriptor, WindowBase + WindowSize - 1);
        Append32(descriptor, 0);                                // translation
        Append32(descriptor, WindowSize);
        return [.. descriptor];
    }

    // A package length of two bytes counts itself.
    private static byte[] Package(byte[] content)
    {
        int length = content.Length + 2;
        return [(byte)(0x40 | length & 0xF), (byte)(length >> 4), .. content];
    }

    private static void Port(Span<byte> table, int offset, byte bits, ushort port)
    {
        Span<byte> address = table[(offset - HeaderSize)..];
        address[0] = 1;         // system I/O
        address[1] = bits;
        address[3] = bits switch { 8 => 1, 16 => 2, _ => 3 };
        BinaryPrimitives.WriteUInt64LittleEndian(address[4..], port);
    }

    private static void Word16(Span<byte> table, int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(table[(offset - HeaderSize)..], value);

    private static void Word32(Span<byte> table, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(table[(offset - HeaderSize)..], value);

    private static void Word64(Span<byte> table, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(table[(offset - HeaderSize)..], value);

    private static void Append32(List<byte> body, uint value)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(word, value);
        body.AddRange(word);
    }

    private static byte Checksum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte one in bytes)
            sum += one;
        return (byte)-sum;
    }
}
