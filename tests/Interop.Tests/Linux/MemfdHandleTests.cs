namespace VmBus.Interop.Tests.Linux;

public class MemfdHandleTests
{
    private static readonly int Page = Environment.SystemPageSize;

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void A_sealed_memfd_refuses_to_change_its_size(int pages)
    {
        using MemfdHandle memory = MemfdHandle.Create("vmbus-seals", 2 * Page);

        int result = Libc.Truncate(memory, (2 + pages) * Page);

        Assert.Equal(-1, result);
        Assert.Equal(Errno.OperationNotPermitted, Libc.LastError);
    }

    [Fact]
    public void A_sealed_memfd_refuses_further_seals()
    {
        using MemfdHandle memory = MemfdHandle.Create("vmbus-seals", Page);
        const int SealWrite = 8;

        Assert.Equal(-1, Libc.Fcntl(memory, Libc.FcntlAddSeals, SealWrite));
        Assert.Equal(Errno.OperationNotPermitted, Libc.LastError);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-4096)]
    [InlineData(4097)]
    public void A_size_that_is_not_whole_pages_is_refused_with_the_number(long size)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => MemfdHandle.Create("vmbus-odd", size));

        Assert.Contains($"{size}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Adopting_a_sealed_memfd_tells_its_size()
    {
        using MemfdHandle memory = MemfdHandle.Create("vmbus-adopt", 3 * Page);

        using MemfdHandle adopted = MemfdHandle.Adopt(TestLibc.Duplicate(memory.Descriptor));

        Assert.Equal(3 * Page, adopted.Size);
        Assert.NotEqual(memory.Descriptor, adopted.Descriptor);
        Assert.Equal(Libc.CloseOnExec, Libc.Fcntl(adopted, Libc.FcntlGetDescriptorFlags, 0));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Libc.SealGrow)]
    [InlineData(Libc.SealShrink)]
    public void Adopting_a_memfd_that_can_change_its_size_is_refused_and_closes_it(int seals)
    {
        int descriptor = Libc.MemfdCreate("vmbus-unsealed", Libc.MemfdAllowSealing);
        using var keep = new Microsoft.Win32.SafeHandles.SafeFileHandle(TestLibc.Duplicate(descriptor), ownsHandle: true);
        Assert.Equal(0, Libc.Truncate(keep, Page));
        Assert.Equal(0, Libc.Fcntl(keep, Libc.FcntlAddSeals, seals));

        ArgumentException error = Assert.Throws<ArgumentException>(() => MemfdHandle.Adopt(descriptor));

        Assert.Contains($"0x{seals:X}", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, ProcSelf.CountDescriptors("vmbus-unsealed"));
    }

    [Fact]
    public void Adopting_an_empty_memfd_is_refused()
    {
        int descriptor = Libc.MemfdCreate("vmbus-empty", Libc.MemfdAllowSealing);
        using var keep = new Microsoft.Win32.SafeHandles.SafeFileHandle(TestLibc.Duplicate(descriptor), ownsHandle: true);
        Assert.Equal(0, Libc.Fcntl(keep, Libc.FcntlAddSeals, Libc.SealGrow | Libc.SealShrink));

        Assert.Throws<ArgumentException>(() => MemfdHandle.Adopt(descriptor));
    }

    [Fact]
    public void Adopting_something_that_is_no_memfd_is_refused()
    {
        using EventFd other = EventFd.Create();

        ErrnoException error = Assert.Throws<ErrnoException>(() => MemfdHandle.Adopt(TestLibc.Duplicate(other.Descriptor)));

        Assert.Equal(Errno.InvalidArgument, error.Errno);
        Assert.EndsWith("failed: Invalid argument (errno 22)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disposed_memfd_is_closed_and_says_so()
    {
        MemfdHandle memory = MemfdHandle.Create("vmbus-closing", Page);
        Assert.Equal(1, ProcSelf.CountDescriptors("vmbus-closing"));

        memory.Dispose();

        Assert.Equal(0, ProcSelf.CountDescriptors("vmbus-closing"));
        Assert.Throws<ObjectDisposedException>(() => memory.Descriptor);
    }
}
