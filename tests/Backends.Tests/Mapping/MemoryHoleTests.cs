using System.Runtime.InteropServices;
using VmBus.Hosting;

namespace VmBus.Backends.Tests.Mapping;

/// <summary>Memory with a hole below 4 GiB: 6 GiB, of which a page is there once it is touched.</summary>
public sealed class MemoryHoleTests : IDisposable
{
    private const int Page = GuestMemory.PageSize;
    private const ulong LowEnd = 0xC000_0000, HighStart = 0x1_0000_0000, HighEnd = 0x1_C000_0000;

    private readonly GuestMemory? _memory = OperatingSystem.IsLinux() ? new GuestMemory(6L << 30, shared: true) : null;

    private GuestMemory Memory
    {
        get
        {
            Assert.SkipWhen(_memory is null, "Only Linux has memory of this size.");
            return _memory!;
        }
    }

    public void Dispose() => _memory?.Dispose();

    [Theory]
    [InlineData(0, 8, true)]
    [InlineData(LowEnd - 8, 8, true)]
    [InlineData(LowEnd - 8, 9, false)]
    [InlineData(LowEnd - Page, 2 * Page, false)]
    [InlineData(LowEnd, 1, false)]
    [InlineData(HighStart - 1, 1, false)]
    [InlineData(HighStart - 4, 8, false)]
    [InlineData(0xF800_0000, Page, false)]
    [InlineData(LowEnd - 8, int.MaxValue, false)]
    [InlineData(HighStart, 8, true)]
    [InlineData(HighStart, int.MaxValue, true)]
    [InlineData(HighEnd - 8, 8, true)]
    [InlineData(HighEnd - 8, 9, false)]
    [InlineData(HighEnd, 1, false)]
    [InlineData(ulong.MaxValue - 3, 8, false)]
    [InlineData(HighStart, -1, false)]
    public void What_touches_the_hole_or_the_end_is_not_memory(ulong gpa, int length, bool isMemory)
    {
        Assert.Equal(isMemory, Memory.Contains(gpa, length));
        if (length is < 0 or > Page * 4)
            return;
        byte[] bytes = new byte[length];
        Array.Fill(bytes, (byte)0xA5);
        Assert.Equal(isMemory, Memory.TryWrite(gpa, bytes));
        byte[] back = new byte[length];
        Assert.Equal(isMemory, Memory.TryRead(gpa, back));
        Assert.Equal(isMemory ? bytes : new byte[length], back);
        if (!isMemory)
            Assert.Throws<ArgumentOutOfRangeException>(() => Memory.Translate(gpa, length));
        // Nothing of a range that straddles is written: neither its end that is memory, nor what lies behind it in the host's.
        if (!isMemory)
            Assert.Equal((0, 0, 0), (Memory.Bytes(LowEnd - 1, 1)[0], Memory.Bytes(HighStart, 1)[0], Memory.Bytes(HighEnd - 1, 1)[0]));
    }

    [Fact]
    public void Memory_above_the_hole_is_memory_of_its_own()
    {
        ulong[] addresses = [Page, LowEnd - Page, HighStart, HighStart + Page, 0x1_8000_0000, HighEnd - Page];
        foreach (ulong gpa in addresses)
            Assert.True(Memory.TryWrite(gpa, BitConverter.GetBytes(gpa)));
        foreach (ulong gpa in addresses)
        {
            Assert.Equal(gpa, BitConverter.ToUInt64(Memory.Bytes(gpa, 8)));
            Assert.Equal(gpa, (ulong)Marshal.ReadInt64(Memory.TryMapPage(gpa)!.Address));
        }
    }

    [Theory]
    [InlineData(LowEnd)]
    [InlineData(0xF800_0000)]
    [InlineData(HighStart - Page)]
    [InlineData(HighEnd)]
    [InlineData(HighStart + 8)]
    public void No_page_is_mapped_where_there_is_none(ulong gpa) => Assert.Null(Memory.TryMapPage(gpa));

    // What such a guest's kernel shows first: its free pages are those above 4 GiB.
    [Theory]
    [InlineData(0x100000ul, 0x100001ul, 0x100002ul)]
    [InlineData(0x1BFFFDul, 0x1BFFFEul, 0x1BFFFFul)]
    [InlineData(0x1BFFFFul, 0x100000ul, 0x155555ul)]
    [InlineData(0xBFFFFul, 0x100000ul, 0x100001ul)]
    [InlineData(0xBFFFEul, 0xBFFFFul, 0x100000ul)]
    [InlineData(0x100000ul, 0xBFFFFul, 0x5ul)]
    public void A_ring_is_made_of_pages_on_either_side(ulong control, ulong first, ulong second)
    {
        Assert.SkipWhen(Environment.SystemPageSize > Page, "This kernel's pages are larger: it puts no single pages of VMBus in order (LargePageGuestTests).");
        ulong[] frames = [control, first, second];
        for (int page = 0; page < 3; page++)
            Memory.TryWrite(frames[page] * Page + 16, BitConverter.GetBytes(page + 1));
        using var ring = (RingMapping)Memory.TryMapRing(frames)!;
        Assert.Equal(1, Marshal.ReadInt32(ring.ControlAddress + 16));
        for (int page = 0; page < 4; page++)
            Assert.Equal(2 + page % 2, Marshal.ReadInt32(ring.DataAddress + page * Page + 16));
        Marshal.WriteInt32(ring.DataAddress + 3 * Page + 16, 77);
        Assert.Equal(77, BitConverter.ToInt32(Memory.Bytes(second * Page + 16, 4)));
    }

    [Theory]
    [InlineData(0xBFFFFul, 0xC0000ul)]
    [InlineData(0xFFFFFul, 0x100000ul)]
    [InlineData(0x5ul, 0xF8000ul)]
    [InlineData(0x1BFFFFul, 0x1C0000ul)]
    [InlineData(0x10_0000_0010_0000ul, 0x100001ul)]     // times a page's size: the address of a page that is there
    [InlineData(0x5ul, ulong.MaxValue)]
    public void No_ring_is_made_of_pages_that_are_not_there(ulong control, ulong data) => Assert.Null(Memory.TryMapRing([control, data]));

    [Fact]
    public void A_run_of_pages_does_not_go_over_the_hole()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Memory.MapRing(LowEnd - Page, Page));
        Assert.Throws<ArgumentException>(() => Memory.FreePages(LowEnd, 1));
        Assert.False(Memory.AreAllocated([0xC0000]));

        var pages = new PageAllocator(10, border: 6);
        Assert.Equal(1, pages.Allocate(4));
        Assert.Equal(6, pages.Allocate(3));
        Assert.Equal(5, pages.Allocate(1));
        Assert.Equal(9, pages.Allocate(1));
    }

    [Fact]
    public void Pages_of_memory_with_a_hole_are_handed_out_and_taken_back()
    {
        ulong gpa = Memory.AllocatePages(3);
        Assert.True(Memory.AreAllocated([gpa / Page, gpa / Page + 2]));
        Memory.FreePages(gpa, 3);
        Assert.Equal(0, Memory.AllocatedPages);
        Assert.Equal((HighStart, LowEnd - Page), (Memory.Map.AddressOf((long)LowEnd), Memory.Map.AddressOf((long)LowEnd - Page)));
    }
}
