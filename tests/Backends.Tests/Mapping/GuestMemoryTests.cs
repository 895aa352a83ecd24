using System.Runtime.InteropServices;
using VmBus.Backends.Tests.Shared;
using VmBus.Hosting;
using VmBus.Interop;

namespace VmBus.Backends.Tests.Mapping;

public class GuestMemoryTests
{
    private const int Page = GuestMemory.PageSize;
    private const string LargePages = "This kernel's pages are larger: it puts no single pages of VMBus in order (LargePageGuestTests).";

    public static TheoryData<bool> Kinds() => OperatingSystem.IsLinux() ? [false, true] : [false];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Pages_are_aligned_zeroed_and_never_at_address_0(bool shared)
    {
        using var memory = new GuestMemory(4 * Page, shared);
        ulong gpa = memory.AllocatePages(3);

        Assert.Equal((ulong)Page, gpa);
        Assert.Equal(0, memory.Translate(gpa, Page) % Page);
        Assert.Equal(3, memory.AllocatedPages);
        memory.Bytes(gpa, 3 * Page).Fill(0xFF);
        memory.FreePages(gpa, 3);
        Assert.True(memory.Bytes(memory.AllocatePages(3), 3 * Page).IndexOfAnyExcept((byte)0) < 0, "A page kept its old bytes.");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Free_pages_are_found_again_in_runs(bool shared)
    {
        using var memory = new GuestMemory(8 * Page, shared);
        ulong first = memory.AllocatePages(2);
        ulong second = memory.AllocatePages(2);
        memory.AllocatePages(3);
        Assert.Throws<InsufficientMemoryException>(() => memory.AllocatePages(1));

        memory.FreePages(first, 2);
        Assert.Throws<InsufficientMemoryException>(() => memory.AllocatePages(3));
        memory.FreePages(second, 2);
        Assert.Equal(first, memory.AllocatePages(4));
    }

    [Fact]
    public void Pages_that_are_not_handed_out_cannot_be_freed()
    {
        using var memory = new GuestMemory(8 * Page, shared: false);
        ulong gpa = memory.AllocatePages(2);

        Assert.Throws<ArgumentException>(() => memory.FreePages(gpa, 3));
        Assert.Throws<ArgumentException>(() => memory.FreePages(0, 1));
        Assert.Throws<ArgumentException>(() => memory.FreePages(gpa + 8, 1));
        Assert.Throws<ArgumentException>(() => memory.FreePages(100 * Page, 1));
        Assert.Equal(2, memory.AllocatedPages);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Page)]
    [InlineData(2 * Page + 1)]
    [InlineData(2L << 30)]
    public void Impossible_sizes_are_refused(long size) => Assert.Throws<ArgumentException>(() => new GuestMemory(size, shared: false));

    [Theory]
    [InlineData(4 * Page - 7, 8)]
    [InlineData(4 * Page, 1)]
    [InlineData(-8, 16)]
    [InlineData(0, -1)]
    [InlineData(8, int.MaxValue)]
    public void Addresses_beyond_the_end_are_not_translated(long gpa, int length)
    {
        using var memory = new GuestMemory(4 * Page, shared: false);

        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Translate((ulong)gpa, length));
        Assert.False(memory.Contains((ulong)gpa, length));
        Assert.True(memory.Contains(4 * Page - 8, 8));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_ring_lies_where_its_pages_are(bool shared)
    {
        using var memory = new GuestMemory(8 * Page, shared);
        ulong gpa = memory.AllocatePages(3);
        using RingMapping ring = memory.MapRing(gpa, 2 * Page);

        // The data begins at the third page: no page of a kernel's with larger ones.
        Assert.Equal(shared && Environment.SystemPageSize == Page, ring.IsDoubleMapped);
        Assert.Equal(3, ring.PageCount);
        memory.Bytes(gpa, 3 * Page)[0] = 5;
        memory.Bytes(gpa, 3 * Page)[Page] = 6;
        Assert.Equal(5, Marshal.ReadByte(ring.ControlAddress));
        Assert.Equal(6, Marshal.ReadByte(ring.DataAddress));
        if (ring.IsDoubleMapped)
            Assert.Equal(6, Marshal.ReadByte(ring.DataAddress, ring.DataSize));
    }

    [Fact]
    public void A_ring_that_is_not_whole_pages_inside_the_memory_is_refused()
    {
        using var memory = new GuestMemory(4 * Page, shared: false);

        Assert.Throws<ArgumentException>(() => memory.MapRing(8, Page));
        Assert.Throws<ArgumentException>(() => memory.MapRing(Page, Page + 8));
        Assert.Throws<ArgumentException>(() => memory.MapRing(Page, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.MapRing(2 * Page, 2 * Page));
    }

    [Fact]
    public unsafe void Memory_that_is_disposed_goes_with_the_last_of_its_rings()
    {
        int before = OperatingSystem.IsLinux() ? OpenResources.Count().Regions : 0;
        var memory = new GuestMemory(4 * Page, OperatingSystem.IsLinux());
        ulong gpa = memory.AllocatePages(2);
        RingMapping ring = memory.MapRing(gpa, Page);
        nint start = memory.Translate(gpa, 1);

        memory.Dispose();
        memory.Dispose();
        Assert.Equal(1, memory.MappedRings);
        *(byte*)ring.ControlAddress = 42;
        Assert.Equal(42, *(byte*)start);
        ring.Dispose();
        ring.Dispose();
        Assert.Equal(0, memory.MappedRings);
        Assert.Equal(before, OperatingSystem.IsLinux() ? MappedMemory.LiveCount : 0);
        Assert.True(!OperatingSystem.IsLinux() || memory.Memfd!.IsClosed, "The memory's descriptor stays open.");
        Assert.Throws<ObjectDisposedException>(() => memory.Translate(Page, 1));
        Assert.Throws<ObjectDisposedException>(() => memory.AllocatePages(1));
    }

    [Fact]
    public void Calls_that_race_a_dispose_finish_or_say_that_the_memory_is_gone()
    {
        for (int round = 0; round < 300; round++)
        {
            var memory = new GuestMemory(64 * Page, OperatingSystem.IsLinux());
            using var start = new Barrier(2);
            Background racing = Background.Run(() =>
            {
                start.SignalAndWait();
                try
                {
                    while (true)
                    {
                        ulong gpa = memory.AllocatePages(8);
                        Assert.True(memory.TryWrite(gpa, new byte[Page]));
                        Assert.True(memory.TryRead(gpa, new byte[Page]));
                        memory.TryMapRing([gpa / Page, gpa / Page + 1])!.Dispose();
                        memory.FreePages(gpa, 8);
                    }
                }
                catch (ObjectDisposedException)
                {
                    // How it ends.
                }
            });
            start.SignalAndWait();
            for (int spins = round % 50 * 10; spins > 0; spins--)
                Thread.SpinWait(10);
            memory.Dispose();
            racing.Join();
            Assert.Equal(0, memory.MappedRings);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Pages_that_are_not_there_are_no_ring(bool shared)
    {
        using var memory = new GuestMemory(4 * Page, shared);
        Assert.Null(memory.TryMapRing([2, 3, 4]));
        Assert.Null(memory.TryMapRing([4, 2, 1]));
        Assert.Null(memory.TryMapRing([2, ulong.MaxValue]));
        Assert.Null(memory.TryMapRing([2]));
        Assert.Equal(0, memory.MappedRings);
    }

    [Fact]
    public void Pages_that_are_more_than_a_ring_has_are_no_ring()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A memory of a gigabyte that costs nothing is a memfd.");
        const int Most = RingMemory.MaxDataSize / Page;
        using var memory = new GuestMemory((Most + 3L) * Page, shared: true);
        ulong[] frames = [.. Enumerable.Range(1, Most + 2).Select(frame => (ulong)frame)];
        Assert.Null(memory.TryMapRing(frames));
        using IMappedRing ring = memory.TryMapRing(frames.AsSpan(..^1))!;
        Assert.Equal(RingMemory.MaxDataSize, ring.Memory.DataSize);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Scattered_pages_that_the_kernel_does_not_map_are_no_ring(bool isLast)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has memfd.");
        Assert.SkipWhen(Environment.SystemPageSize > Page, LargePages);
        if (!OperatingSystem.IsLinux())
            return;
        int before = OpenResources.Count().Regions;
        using (var memory = new GuestMemory(8 * Page, shared: true))
        {
            ulong[] frames = isLast ? [2, 4, 3] : [4, 2];
            memory.TryMapRing(frames)!.Dispose();
            // What a guest brings about by more pieces than the kernel maps for one process; here nothing of it can be mapped.
            TestLibc.ReplaceByNull(memory.Memfd!.Descriptor);
            Assert.Null(memory.TryMapRing(frames));
            Assert.Equal(0, memory.MappedRings);
        }

        Assert.Equal(before, MappedMemory.LiveCount);
    }

    [Fact]
    public void Nothing_stays_mapped()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has memfd.");
        if (!OperatingSystem.IsLinux())
            return;
        int before = OpenResources.Count().Regions;
        using (var memory = new GuestMemory(16 * Page, shared: true))
        using (memory.MapRing(memory.AllocatePages(3), 2 * Page))
            Assert.Equal(before + 2, MappedMemory.LiveCount);

        Assert.Equal(before, MappedMemory.LiveCount);
    }
}
