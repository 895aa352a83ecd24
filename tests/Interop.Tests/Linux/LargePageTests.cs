using System.Runtime.InteropServices;

namespace VmBus.Interop.Tests.Linux;

// Maps as under a kernel with larger pages, as arm64 may have: they begin at its pages, whatever VMBus counts in. The kernel here has
// pages that divide those, so that it takes the same calls.
public sealed class LargePageTests : IDisposable
{
    private const int Page = 4096;

    private readonly MemfdHandle _memory = MemfdHandle.Create("vmbus-large-pages", 64 * 65536);
    private readonly MappedMemory _plain;

    public LargePageTests() => _plain = MappedMemory.Map(_memory, 0, _memory.Size);

    public static TheoryData<int> Sizes => [.. new[] { 4096, 16384, 65536 }.Where(size => size % Environment.SystemPageSize == 0)];

    public void Dispose()
    {
        _plain.Dispose();
        _memory.Dispose();
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Each_page_of_VMBus_is_mapped_where_it_is(int kernelPage)
    {
        for (int page = 0; page < 40; page++)
            At(page * Page) = page + 1;
        for (int page = 0; page < 40; page++)
        {
            using MappedMemory one = MappedMemory.Map(_memory, page * Page, Page, pageSize: kernelPage);
            Assert.Equal(Page, one.Length);
            Assert.Equal(page + 1, Marshal.ReadInt32(one.Address));
            Marshal.WriteInt32(one.Address, Page - 4, ~page);
            Assert.Equal(~page, At(page * Page + Page - 4));
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_page_that_is_taken_back_or_retired_is_private_and_its_neighbours_stay(int kernelPage)
    {
        At(4 * Page) = 4;
        At(5 * Page) = 5;
        At(6 * Page) = 6;
        using MappedMemory taken = MappedMemory.Map(_memory, 5 * Page, Page, pageSize: kernelPage);
        using MappedMemory retired = MappedMemory.Map(_memory, 5 * Page, Page, pageSize: kernelPage);
        taken.Populate();

        taken.Detach();
        Assert.True(retired.Retire());

        Assert.Equal(5, Marshal.ReadInt32(taken.Address));
        Assert.Equal(0, Marshal.ReadInt32(retired.Address));
        Marshal.WriteInt32(taken.Address, 50);
        Marshal.WriteInt32(retired.Address, 51);
        Assert.Equal((4, 5, 6), (At(4 * Page), At(5 * Page), At(6 * Page)));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_rings_data_comes_twice_where_it_begins_and_ends_at_the_kernels_pages(int kernelPage)
    {
        int together = kernelPage / Page;
        for (int control = 0; control < 2 * together; control++)
        {
            for (int pages = 1; pages <= 2 * together; pages++)
            {
                using MappedRing ring = MappedMemory.MapRing(_memory, control * Page, pages * Page, kernelPage);

                Assert.Equal((control + 1) % together == 0 && pages % together == 0, ring.IsDataMappedTwice);
                Assert.Equal(ring.ControlAddress + Page, ring.DataAddress);
                AssertLies(ring, [.. Enumerable.Range(control, pages + 1).Select(page => page * (long)Page)]);
            }
        }
    }

    // How Linux lays a ring out where its pages are larger: the indices at the beginning of one, the data at the beginning of others, and
    // no page of VMBus between them named to the host.
    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_ring_of_a_guest_with_pages_as_large_is_put_in_order(int kernelPage)
    {
        int together = kernelPage / Page;
        foreach (int[] kernelPages in (int[][])[[1, 2, 3], [5, 3, 2], [3, 1, 7]])
        {
            long[] offsets = [kernelPages[0] * (long)kernelPage, .. kernelPages[1..].SelectMany(first => Enumerable.Range(0, together).Select(page => first * (long)kernelPage + page * Page))];
            using MappedRing ring = MappedMemory.MapScatteredRing(_memory, offsets, kernelPage)!;

            Assert.True(ring.IsDataMappedTwice);
            AssertLies(ring, offsets);
        }
    }

    [Theory]
    [InlineData(16384)]
    [InlineData(65536)]
    public void Pages_that_a_kernel_cannot_put_in_order_are_mapped_once_or_not_at_all(int kernelPage)
    {
        Assert.SkipWhen(kernelPage % Environment.SystemPageSize != 0, "This kernel's pages are larger.");
        // One run, not at the beginning of a page of the kernel's.
        long[] run = [20 * Page, 2 * Page, 3 * Page, 4 * Page];
        using (MappedRing ring = MappedMemory.MapScatteredRing(_memory, run, kernelPage)!)
        {
            Assert.False(ring.IsDataMappedTwice);
            AssertLies(ring, run);
        }

        int before = MappedMemory.LiveCount;
        Assert.Null(MappedMemory.MapScatteredRing(_memory, [0, 3 * Page, 2 * Page], kernelPage));
        Assert.Null(MappedMemory.MapScatteredRing(_memory, [0, Page, 3 * Page], kernelPage));
        // The first page of the kernel's is whole, the second is not.
        Assert.Null(MappedMemory.MapScatteredRing(_memory, [0, .. Enumerable.Range(0, kernelPage / Page).Select(page => kernelPage + page * (long)Page), 8L * kernelPage], kernelPage));
        Assert.Equal(before, MappedMemory.LiveCount);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_ring_at_the_end_of_the_memory_is_whole(int kernelPage)
    {
        // The last page of the kernel's is not full.
        using MemfdHandle memory = MemfdHandle.Create("vmbus-odd-end", 3 * Page);
        using MappedRing ring = MappedMemory.MapSingleRing(memory, 0, 2 * Page, kernelPage);
        ring.AsSpan().Fill(7);
        using MappedMemory plain = MappedMemory.Map(memory, 0, 3 * Page, pageSize: kernelPage);
        Assert.Equal(-1, plain.AsSpan().IndexOfAnyExcept((byte)7));
        Assert.Throws<ArgumentException>(() => MappedMemory.MapRing(memory, Page, 2 * Page, kernelPage));
    }

    private ref int At(int offset) => ref MemoryMarshal.Cast<byte, int>(_plain.AsSpan(offset, 4))[0];

    private void AssertLies(MappedRing ring, long[] offsets)
    {
        Assert.Equal((offsets.Length - 1) * Page, ring.DataSize);
        for (int page = 0; page < offsets.Length; page++)
        {
            At((int)offsets[page] + 8) = 1000 + page;
            nint there = page == 0 ? ring.ControlAddress : ring.DataAddress + (page - 1) * Page;
            Assert.Equal(1000 + page, Marshal.ReadInt32(there, 8));
            if (page == 0 || !ring.IsDataMappedTwice)
                continue;
            Marshal.WriteInt32(there + ring.DataSize, 8, page);
            Assert.Equal(page, At((int)offsets[page] + 8));
        }
    }
}
