namespace VmBus.Interop.Tests.Linux;

public unsafe class MappedMemoryTests
{
    private static readonly int Page = Environment.SystemPageSize;

    // Where a ring's control page is, if its data begins at a page of the kernel's: directly before one.
    private static readonly int BeforePage = Page - 4096;

    [Fact]
    public void Two_mappings_of_one_memfd_see_each_others_writes()
    {
        using MemfdHandle memory = MemfdHandle.Create("vmbus-shared", 4 * Page);
        using MappedMemory whole = MappedMemory.Map(memory, 0, 4 * Page);
        using MappedMemory part = MappedMemory.Map(memory, Page, Page, MemoryProtection.Read);

        whole.AsSpan()[Page + 17] = 0xA5;

        Assert.Equal(0xA5, part.AsSpan()[17]);
        Assert.Equal(Page, part.Length);
    }

    [Fact]
    public void A_read_only_mapping_faults_on_write()
    {
        using MemfdHandle memory = MemfdHandle.Create("vmbus-ro", Page);
        using MappedMemory mapped = MappedMemory.Map(memory, 0, Page, MemoryProtection.Read);

        Assert.True(MemoryProbe.CanRead(mapped.Address));
        Assert.False(MemoryProbe.CanWrite(mapped.Address));
    }

    [Fact]
    public void The_data_of_a_ring_appears_again_directly_behind_itself()
    {
        int size = 4 * Page;
        using MemfdHandle memory = MemfdHandle.Create("vmbus-ring", Page + size);
        using MappedRing ring = MappedMemory.MapRing(memory, BeforePage, size);
        byte* data = (byte*)ring.DataAddress;
        var random = new Random(1);

        for (int i = 0; i < 1000; i++)
        {
            int k = random.Next(size);
            byte first = (byte)random.Next(256), second = (byte)~first;
            data[size + k] = first;
            Assert.Equal(first, data[k]);
            data[k] = second;
            Assert.Equal(second, data[size + k]);
        }

        // A packet across the seam is one run on one side, and two pieces in the memory itself.
        new ReadOnlySpan<byte>([1, 2, 3, 4, 5, 6, 7, 8]).CopyTo(new Span<byte>(data + size - 3, 8));
        using MappedMemory plain = MappedMemory.Map(memory, Page, size, MemoryProtection.Read);
        Assert.Equal([1, 2, 3], plain.AsSpan()[^3..].ToArray());
        Assert.Equal([4, 5, 6, 7, 8], plain.AsSpan()[..5].ToArray());
    }

    [Fact]
    public void The_control_page_lies_directly_before_the_data_and_is_mapped_once()
    {
        int size = 2 * Page;
        using MemfdHandle memory = MemfdHandle.Create("vmbus-ring", 3 * Page + size);
        using MappedRing ring = MappedMemory.MapRing(memory, 2 * Page + BeforePage, size);
        using MappedMemory plain = MappedMemory.Map(memory, 0, 3 * Page + size);

        *(uint*)ring.ControlAddress = 0x11223344;
        ((byte*)ring.DataAddress)[0] = 0x55;

        Assert.Equal(ring.ControlAddress + 4096, ring.DataAddress);
        Assert.Equal(4096 + 2 * size, ring.Length);
        Assert.Equal(size, ring.DataSize);
        Assert.True(ring.IsDataMappedTwice);
        Assert.Equal(0x44, plain.AsSpan()[2 * Page + BeforePage]);
        Assert.Equal(0x55, plain.AsSpan()[3 * Page]);
    }

    [Fact]
    public void Guard_pages_fault_on_both_sides_of_a_ring_mapped_twice()
    {
        using MemfdHandle memory = MemfdHandle.Create("vmbus-guard", 3 * Page);
        using MappedRing ring = MappedMemory.MapRing(memory, BeforePage, 2 * Page);

        AssertGuarded(ring, 4096 + 4 * Page, BeforePage);
    }

    [Fact]
    public void The_guard_page_of_a_ring_mapped_once_follows_its_data_directly()
    {
        // More memory behind the ring, which must not be reachable past its end.
        using MemfdHandle memory = MemfdHandle.Create("vmbus-guard", 8 * Page);
        using MappedRing ring = MappedMemory.MapSingleRing(memory, BeforePage, 2 * Page);

        Assert.False(ring.IsDataMappedTwice);
        AssertGuarded(ring, 4096 + 2 * Page, BeforePage);
        Assert.False(MemoryProbe.CanRead(ring.DataAddress + ring.DataSize));
    }

    [Fact]
    public void Guard_pages_fault_on_both_sides_of_anonymous_and_shared_memory()
    {
        using MemfdHandle memory = MemfdHandle.Create("vmbus-guard", 2 * Page);
        using MappedMemory shared = MappedMemory.Map(memory, 0, 2 * Page);
        using MappedMemory anonymous = MappedMemory.MapAnonymous(3 * Page);

        AssertGuarded(shared, 2 * Page);
        AssertGuarded(anonymous, 3 * Page);
        anonymous.AsSpan()[8..].IndexOfAnyExcept((byte)0);
    }

    // The lead is what the kernel maps before it, from the beginning of its page on.
    private static void AssertGuarded(MappedMemory mapped, long length, int lead = 0)
    {
        Assert.Equal(length, mapped.Length);
        nint first = mapped.Address - lead, end = mapped.Address + (nint)length;
        Assert.True(MemoryProbe.CanWrite(first));
        Assert.True(MemoryProbe.CanWrite(end - 8));
        foreach (nint outside in new[] { first - Page, first - 8, first - 1, end - 7, end, end + Page - 8 })
        {
            Assert.False(MemoryProbe.CanRead(outside), $"{outside - first} can be read");
            Assert.False(MemoryProbe.CanWrite(outside), $"{outside - first} can be written");
        }
        // Guards are really held, not merely nobody's: another mapping could move in there.
        Assert.True(ProcSelf.IsMapped(first - Page));
        Assert.True(ProcSelf.IsMapped(end + Page - 1));
    }

    [Fact]
    public void Mapping_beyond_the_end_of_the_memory_is_refused_with_the_numbers()
    {
        using MemfdHandle memory = MemfdHandle.Create("vmbus-end", 2 * Page);

        ArgumentException error = Assert.Throws<ArgumentException>(() => MappedMemory.Map(memory, Page, 2 * Page));
        Assert.Contains($"{2 * Page} bytes at offset {Page} ", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => MappedMemory.MapRing(memory, 0, 2 * Page));
        Assert.Throws<ArgumentException>(() => MappedMemory.MapSingleRing(memory, Page, Page));
        Assert.Throws<ArgumentException>(() => MappedMemory.Map(memory, long.MaxValue - (long.MaxValue % Page), Page));
    }

    [Theory]
    [InlineData(1, 4096)]
    [InlineData(-4096, 4096)]
    [InlineData(0, 0)]
    [InlineData(0, 100)]
    [InlineData(0, -4096)]
    public void Offsets_and_lengths_that_are_not_whole_pages_are_refused(long offset, int length)
    {
        int before = MappedMemory.LiveCount;
        using MemfdHandle memory = MemfdHandle.Create("vmbus-odd", 4 * Page);

        Assert.Throws<ArgumentException>(() => MappedMemory.Map(memory, offset, length));
        Assert.Throws<ArgumentException>(() => MappedMemory.MapRing(memory, offset, length));
        Assert.Throws<ArgumentException>(() => MappedMemory.MapSingleRing(memory, offset, length));
        if (offset == 0)
            Assert.Throws<ArgumentException>(() => MappedMemory.MapAnonymous(length));
        Assert.Equal(before, MappedMemory.LiveCount);
    }

    [Fact]
    public void A_mapping_the_kernel_refuses_names_the_call_and_leaves_nothing_behind()
    {
        int before = MappedMemory.LiveCount;

        ErrnoException error = Assert.Throws<ErrnoException>(() => MappedMemory.MapAnonymous(1L << 56));

        Assert.Equal($"mmap of {(1L << 56) + 2 * Page} bytes of address space failed: Cannot allocate memory (errno 12)", error.Message);
        Assert.Equal(before, MappedMemory.LiveCount);
    }

    [Fact]
    public void A_refused_second_step_gives_the_reserved_addresses_back()
    {
        int before = MappedMemory.LiveCount;
        int reserved = ProcSelf.Mappings(" ---p ").Length;
        MemfdHandle memory = MemfdHandle.Create("vmbus-refused", 4 * Page);
        memory.Dispose();

        Assert.Throws<ObjectDisposedException>(() => MappedMemory.Map(memory, 0, Page));
        Assert.Throws<ObjectDisposedException>(() => MappedMemory.MapRing(memory, 0, Page));

        Assert.Equal(before, MappedMemory.LiveCount);
        Assert.Equal(reserved, ProcSelf.Mappings(" ---p ").Length);
    }

    [Fact]
    public void Disposing_unmaps_everything_guards_included_and_counts_down()
    {
        int before = MappedMemory.LiveCount;
        MemfdHandle memory = MemfdHandle.Create("vmbus-leak", 8 * Page);
        MappedMemory[] all =
        [
            MappedMemory.Map(memory, 0, 8 * Page),
            MappedMemory.MapRing(memory, BeforePage, 4 * Page),
            MappedMemory.MapSingleRing(memory, 0, 4 * Page),
            MappedMemory.MapAnonymous(4 * Page),
        ];
        Assert.Equal(before + all.Length, MappedMemory.LiveCount);
        // The doubled ring counts twice, and its control page belongs to the first of the two.
        Assert.Equal(4, ProcSelf.Mappings("vmbus-leak").Length);

        foreach (MappedMemory mapped in all)
            mapped.Dispose();
        memory.Dispose();

        Assert.Equal(before, MappedMemory.LiveCount);
        Assert.Empty(ProcSelf.Mappings("vmbus-leak"));
        Assert.Equal(0, ProcSelf.CountDescriptors("vmbus-leak"));
        foreach (MappedMemory mapped in all)
            Assert.Throws<ObjectDisposedException>(() => mapped.Address);
        all[0].Dispose();
        Assert.Equal(before, MappedMemory.LiveCount);
    }

    [Fact]
    public void A_mapping_outlives_the_descriptor_it_was_made_from()
    {
        MemfdHandle memory = MemfdHandle.Create("vmbus-outlive", Page);
        using MappedMemory mapped = MappedMemory.Map(memory, 0, Page);
        memory.Dispose();

        mapped.AsSpan().Fill(7);

        Assert.Equal(7, mapped.AsSpan()[Page - 1]);
    }

    [Fact]
    public void Populating_maps_every_page_and_says_so_when_there_is_none()
    {
        using MemfdHandle memory = MemfdHandle.Create("vmbus-populate", 3 * Page);
        using MappedMemory mapped = MappedMemory.Map(memory, 0, 3 * Page);
        Assert.Equal([false, false, false], ProcSelf.Present(mapped.Address, 3));
        mapped.Populate();
        Assert.Equal([true, true, true], ProcSelf.Present(mapped.Address, 3));

        string path = Path.GetTempFileName();
        using (DeviceFile file = DeviceFile.Open(path))
        using (MappedMemory beyond = MappedMemory.Map(file, 0, Page))
            Assert.Equal(Errno.BadAddress, Assert.Throws<ErrnoException>(beyond.Populate).Errno);
        File.Delete(path);
    }
}
