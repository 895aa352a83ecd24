// Puts a VP into 64-bit mode before its first instruction: flat segments, the first 4 GiB mapped one to one. What the
// 64-bit boot protocol of Linux asks for (Documentation/arch/x86/boot.rst).

using System.Buffers.Binary;
using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;

namespace VmBus.Kvm;

/// <summary>Writes the tables of 64-bit mode into a guest's memory and sets a VP's registers to them.</summary>
[SupportedOSPlatform("linux")]
internal static class LongMode
{
    /// <summary>Where the tables are: from here to <see cref="TablesEnd"/>.</summary>
    public const ulong TablesStart = 0x1000;

    /// <summary>The end of the tables.</summary>
    public const ulong TablesEnd = 0x9000;

    /// <summary>The code segment's selector: <c>__BOOT_CS</c>.</summary>
    public const ushort CodeSelector = 0x10;

    /// <summary>The data segments' selector: <c>__BOOT_DS</c>.</summary>
    public const ushort DataSelector = 0x18;

    private const ulong DescriptorTable = TablesStart;
    private const ulong TopTable = TablesStart + 0x1000;
    private const ulong PointerTable = TablesStart + 0x2000;
    private const ulong FirstDirectory = TablesStart + 0x3000;
    private const int Gigabytes = 4;
    private const ulong Code64 = 0x00AF_9B00_0000_FFFF;
    private const ulong Data = 0x00CF_9300_0000_FFFF;
    private const ulong Present = 1, Writable = 2, Large = 0x80;
    private const ulong ProtectedMode = 1, ExtensionType = 0x10, NumericError = 0x20, WriteProtect = 0x10000, Paging = 1ul << 31;     // CR0
    private const ulong PhysicalAddressExtension = 0x20, FxSave = 0x200, SimdExceptions = 0x400;                                     // CR4
    private const ulong LongModeEnable = 0x100, LongModeActive = 0x400;                                                              // EFER

    /// <summary>Sets a VP up.</summary>
    /// <param name="vp">The VP, before its first run.</param>
    /// <param name="memory">The guest's memory: at least <see cref="TablesEnd"/> bytes.</param>
    /// <param name="registers">Where it begins (RIP) and with what. Interrupts are off unless RFLAGS says otherwise.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">The kernel refused.</exception>
    public static void Enter(KvmVp vp, GuestMemory memory, KvmRegisters registers)
    {
        ArgumentNullException.ThrowIfNull(vp);
        ArgumentNullException.ThrowIfNull(memory);
        WriteTables(memory.Bytes(TablesStart, (int)(TablesEnd - TablesStart)));
        KvmSpecialRegisters special = vp.GetSpecialRegisters();
        special.Cs = new KvmSegment { Limit = uint.MaxValue, Selector = CodeSelector, Type = 11, Present = 1, IsCodeOrData = 1, LongMode = 1, Granularity = 1 };
        special.Ds = special.Es = special.Fs = special.Gs = special.Ss =
            new KvmSegment { Limit = uint.MaxValue, Selector = DataSelector, Type = 3, Present = 1, DefaultBig = 1, IsCodeOrData = 1, Granularity = 1 };
        special.Gdt = new KvmDescriptorTable { Base = DescriptorTable, Limit = 4 * 8 - 1 };
        special.Idt = default;
        special.Cr0 = ProtectedMode | ExtensionType | NumericError | WriteProtect | Paging;
        special.Cr3 = TopTable;
        special.Cr4 = PhysicalAddressExtension | FxSave | SimdExceptions;
        special.Efer = LongModeEnable | LongModeActive;
        vp.SetSpecialRegisters(special);
        registers.Rflags |= 2;      // a bit that is always set
        vp.SetRegisters(registers);
    }

    private static void WriteTables(Span<byte> tables)
    {
        tables.Clear();
        Set(tables, DescriptorTable + CodeSelector, Code64);
        Set(tables, DescriptorTable + DataSelector, Data);
        Set(tables, TopTable, PointerTable | Present | Writable);
        for (ulong gigabyte = 0; gigabyte < Gigabytes; gigabyte++)
        {
            ulong directory = FirstDirectory + gigabyte * 0x1000;
            Set(tables, PointerTable + gigabyte * 8, directory | Present | Writable);
            for (ulong entry = 0; entry < 512; entry++)
                Set(tables, directory + entry * 8, gigabyte << 30 | entry << 21 | Present | Writable | Large);
        }
    }

    private static void Set(Span<byte> tables, ulong address, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(tables[(int)(address - TablesStart)..], value);
}
