using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VmBus.Interop;

namespace VmBus.Whp.Tests;

/// <summary>Rings mapped out of a section by placeholders.</summary>
public sealed partial class SectionRingTests
{
    private const int PageSize = 4096;
    private const uint Free = 0x1_0000;

    public static TheoryData<int[]> Pages =>
    [
        new[] { 5, 9, 3, 4, 12 },
        new[] { 0, 1, 2, 3, 4 },
        new[] { 15, 14, 13, 12 },
        new[] { 7, 7, 8, 7 },
        new[] { 3, 2 },
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Each_page_is_where_the_list_says_and_the_data_is_there_twice(int[] pages)
    {
        using SectionMemory section = SectionMemory.Create(16 * PageSize);
        using SectionRing ring = Map(section, pages);
        Assert.Equal((pages.Length - 1) * PageSize, ring.DataSize);
        for (int page = 0; page < 16; page++)
            MemoryMarshal.Write(section.AsSpan()[(page * PageSize)..], page + 1000);

        Assert.Equal(pages[0] + 1000, Marshal.ReadInt32(ring.ControlAddress));
        for (int i = 0; i < 2 * (pages.Length - 1); i++)
        {
            nint seen = ring.ControlAddress + (1 + i) * PageSize;
            int page = pages[1 + i % (pages.Length - 1)];
            Assert.Equal(page + 1000, Marshal.ReadInt32(seen));
            Marshal.WriteInt32(seen + PageSize - 4, i);
            Assert.Equal(i, MemoryMarshal.Read<int>(section.AsSpan()[(page * PageSize + PageSize - 4)..]));
        }
    }

    [Fact]
    public void A_ring_given_back_leaves_nothing_mapped_and_the_section_as_it_was()
    {
        using SectionMemory section = SectionMemory.Create(16 * PageSize);
        nint address, end;
        using (SectionRing ring = Map(section, [1, 4, 2, 8]))
        {
            (address, end) = (ring.ControlAddress, ring.ControlAddress + PageSize + 2 * ring.DataSize);
            Assert.All(StatesOf(address, end), state => Assert.NotEqual(Free, state));
            Marshal.WriteInt32(ring.ControlAddress, 77);
            ring.Dispose();
            Assert.All(StatesOf(address, end), state => Assert.Equal(Free, state));
        }
        Assert.Equal(77, MemoryMarshal.Read<int>(section.AsSpan()[PageSize..]));
    }

    [Theory]
    [InlineData(-PageSize)]
    [InlineData(16 * PageSize)]
    [InlineData(100)]
    public void A_page_that_is_not_the_sections_is_refused(long offset)
    {
        using SectionMemory section = SectionMemory.Create(16 * PageSize);
        Assert.Throws<ArgumentOutOfRangeException>(() => section.TryMapRing([0, offset]));
    }

    private static SectionRing Map(SectionMemory section, int[] pages)
    {
        SectionRing? ring = section.TryMapRing([.. pages.Select(page => (long)page * PageSize)]);
        Assert.SkipWhen(ring is null && Environment.GetEnvironmentVariable("VMBUS_PLACEHOLDERS") != "required", "This Windows has no placeholders.");
        return Assert.IsType<SectionRing>(ring);
    }

    private static List<uint> StatesOf(nint address, nint end)
    {
        List<uint> states = [];
        for (nint page = address; page < end; page += PageSize)
        {
            Assert.NotEqual(0, VirtualQuery(page, out MemoryInformation information, Unsafe.SizeOf<MemoryInformation>()));
            states.Add(information.State);
        }
        return states;
    }

    [LibraryImport("kernel32.dll")]
    private static partial nint VirtualQuery(nint address, out MemoryInformation information, nint length);

    // MEMORY_BASIC_INFORMATION.
    [StructLayout(LayoutKind.Sequential)]
    private struct MemoryInformation
    {
        public nint BaseAddress;
        public nint AllocationBase;
        public uint AllocationProtect;
        public ushort PartitionId;
        public nint RegionSize;
        public uint State;
        public uint Protect;
        public uint Type;
    }
}
