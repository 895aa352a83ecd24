using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm.Machine;

/// <summary>The tables, found and read as a kernel does: by their pointers, lengths and sums.</summary>
public sealed class AcpiTablesTests
{
    private readonly byte[] _memory = new byte[AcpiTables.MostBytes];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(KvmPartitionOptions.MostVps)]
    public void Every_table_is_reached_from_the_root_and_adds_up_to_zero(int vps)
    {
        AcpiTables.Write(_memory, vps);
        Assert.Equal("RSD PTR ", Text(_memory, 0, 8));
        Assert.Equal(2, _memory[15]);
        Assert.Equal((0, 0), (Sum(_memory.AsSpan(0, 20)), Sum(_memory.AsSpan(0, 36))));
        Assert.Equal(36, BinaryPrimitives.ReadInt32LittleEndian(_memory.AsSpan(20)));

        ReadOnlySpan<byte> root = Table("XSDT", Pointer(_memory, 24));
        Assert.Equal(36 + 2 * 8, root.Length);
        ReadOnlySpan<byte> fixedTable = Table("FACP", Pointer(root, 36));
        Table("APIC", Pointer(root, 44));
        Table("DSDT", Pointer(fixedTable, 140));
        Assert.Equal(276, fixedTable.Length);
        Assert.Equal((uint)Pointer(fixedTable, 140), BinaryPrimitives.ReadUInt32LittleEndian(fixedTable[40..]));
        Assert.Equal((uint)Pointer(fixedTable, 132), BinaryPrimitives.ReadUInt32LittleEndian(fixedTable[36..]));
        ReadOnlySpan<byte> firmware = At(Pointer(fixedTable, 132));
        Assert.Equal(("FACS", 64), (Text(firmware, 0, 4), BinaryPrimitives.ReadInt32LittleEndian(firmware[4..])));
        Assert.Equal(0ul, Pointer(fixedTable, 132) % 64);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(KvmPartitionOptions.MostVps)]
    public void Each_VP_has_a_local_APIC_and_there_is_one_IO_APIC(int vps)
    {
        AcpiTables.Write(_memory, vps);
        ReadOnlySpan<byte> table = Table("APIC", Pointer(Table("XSDT", Pointer(_memory, 24)), 44));
        Assert.Equal((0xFEE0_0000, 1u), (BinaryPrimitives.ReadUInt32LittleEndian(table[36..]), BinaryPrimitives.ReadUInt32LittleEndian(table[40..])));
        List<byte> locals = [];
        var counts = new Dictionary<byte, int>();
        for (ReadOnlySpan<byte> rest = table[44..]; !rest.IsEmpty; rest = rest[rest[1]..])
        {
            counts[rest[0]] = counts.GetValueOrDefault(rest[0]) + 1;
            switch (rest[0])
            {
                case 0:
                    Assert.Equal((8, rest[2], 1u), (rest[1], rest[3], BinaryPrimitives.ReadUInt32LittleEndian(rest[4..])));
                    locals.Add(rest[3]);
                    break;
                case 1:
                    Assert.Equal((12, (byte)vps, 0xFEC0_0000, 0u), (rest[1], rest[2], BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]), BinaryPrimitives.ReadUInt32LittleEndian(rest[8..])));
                    break;
                case 2:
                    uint line = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
                    Assert.Equal((10, 0, rest[3] == 0 ? 2u : 9u), (rest[1], rest[2], line));
                    break;
                case 4:
                    Assert.Equal((6, 0xFF, 1), (rest[1], rest[2], rest[5]));
                    break;
            }
        }
        Assert.Equal(Enumerable.Range(0, vps).Select(vp => (byte)vp), locals);
        Assert.Equal([(0, vps), (1, 1), (2, 2), (4, 1)], counts.Select(pair => ((int)pair.Key, pair.Value)).Order());
    }

    [Fact]
    public void The_ports_of_the_fixed_table_are_those_that_answer()
    {
        AcpiTables.Write(_memory, 1);
        ReadOnlySpan<byte> table = Table("FACP", Pointer(Table("XSDT", Pointer(_memory, 24)), 36));
        Assert.Equal((0x600u, 0x604u, 0x608u),
            (BinaryPrimitives.ReadUInt32LittleEndian(table[56..]), BinaryPrimitives.ReadUInt32LittleEndian(table[64..]), BinaryPrimitives.ReadUInt32LittleEndian(table[76..])));
        Assert.Equal((4, 2, 4), (table[88], table[89], table[91]));
        Assert.Equal((1, 0x600ul), (table[148], Pointer(table, 152)));
        Assert.Equal((1, 0x604ul), (table[172], Pointer(table, 176)));
        Assert.Equal((1, 0x608ul), (table[208], Pointer(table, 212)));
        Assert.Equal((1, 8, 0xCF9ul, 6), (table[116], table[117], Pointer(table, 120), table[128]));
        Assert.Equal(0x32, table[108]);
    }

    [Fact]
    public void The_machine_language_names_a_VMBus_with_resources_and_the_way_to_turn_off()
    {
        AcpiTables.Write(_memory, 1);
        ReadOnlySpan<byte> table = Table("DSDT", Pointer(Table("FACP", Pointer(Table("XSDT", Pointer(_memory, 24)), 36)), 140));
        ReadOnlySpan<byte> code = table[36..];
        // Name (_S5, Package { 5, ... }): what PowerPorts takes for the end.
        Assert.True(code.StartsWith("\x08_S5_\x12"u8));
        Assert.Equal([0x0A, 5, 0x0A, 5], code.Slice(8, 4).ToArray());
        ReadOnlySpan<byte> scope = code[(6 + code[6])..];
        Assert.Equal(0x10, scope[0]);
        Assert.Equal(scope.Length - 1, PackageLength(scope[1..]));
        Assert.True(scope[3..].StartsWith("\\_SB_"u8));
        ReadOnlySpan<byte> module = Device(scope[8..], "VMOD");
        Assert.True(module.IndexOf("_HID\x0D"u8) > 0 && module.IndexOf("ACPI0004\0"u8) > 0);
        ReadOnlySpan<byte> window = Resources(module);
        // A DWord memory window that its parent produces, fixed at both ends, and an end tag.
        Assert.Equal([0x87, 23, 0, 0, 0x0C, 1], window[..6].ToArray());
        Assert.Equal(
            [0, AcpiTables.WindowBase, AcpiTables.WindowBase + AcpiTables.WindowSize - 1, 0, AcpiTables.WindowSize],
            MemoryMarshal.Cast<byte, uint>(window[6..26]).ToArray());
        Assert.Equal([0x79, 0], window[26..].ToArray());
        // It meets neither the interrupt controllers nor memory.
        Assert.True(AcpiTables.WindowBase + AcpiTables.WindowSize <= 0xFEC0_0000 && AcpiTables.WindowBase >= 0xC000_0000);

        ReadOnlySpan<byte> bus = Device(module[module.IndexOf((ReadOnlySpan<byte>)[0x5B, 0x82])..], "VMBS");
        Assert.True(bus.IndexOf("_HID\x0DVMBUS\0"u8) > 0);
        // IRQ 7 and an end tag.
        Assert.Equal([0x22, 0x80, 0, 0x79, 0], Resources(bus).ToArray());
    }

    // The rest of a device, which ends with the span it is given.
    private static ReadOnlySpan<byte> Device(ReadOnlySpan<byte> code, string name)
    {
        Assert.Equal([0x5B, 0x82], code[..2].ToArray());
        Assert.Equal(code.Length - 2, PackageLength(code[2..]));
        Assert.Equal(name, Text(code, 4, 4));
        return code[8..];
    }

    // The descriptors of a device's first resources, in a buffer that is as long as it says.
    private static ReadOnlySpan<byte> Resources(ReadOnlySpan<byte> device)
    {
        ReadOnlySpan<byte> package = device[(device.IndexOf("_CRS\x11"u8) + 5)..];
        package = package[..PackageLengthOfOne(package[0])];
        Assert.Equal([0x0A, package.Length - 3], [package[1], (int)package[2]]);
        return package[3..];
    }

    private static int PackageLengthOfOne(byte lead) => lead;

    // Two bytes: the low four bits of the first, then the second.
    private static int PackageLength(ReadOnlySpan<byte> at)
    {
        Assert.Equal(1, at[0] >> 6);
        return at[0] & 0xF | at[1] << 4;
    }

    private static string Text(ReadOnlySpan<byte> bytes, int offset, int length) => Encoding.ASCII.GetString(bytes.Slice(offset, length));

    private static ulong Pointer(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);

    private static byte Sum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte one in bytes)
            sum += one;
        return sum;
    }

    private ReadOnlySpan<byte> At(ulong address) => _memory.AsSpan((int)(address - AcpiTables.Address));

    private ReadOnlySpan<byte> Table(string signature, ulong address)
    {
        ReadOnlySpan<byte> table = At(address);
        table = table[..BinaryPrimitives.ReadInt32LittleEndian(table[4..])];
        Assert.Equal((signature, 0), (Text(table, 0, 4), Sum(table)));
        return table;
    }
}
