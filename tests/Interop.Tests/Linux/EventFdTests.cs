namespace VmBus.Interop.Tests.Linux;

public unsafe class EventFdTests
{
    [Fact]
    public void Signals_add_up_and_are_consumed_at_once()
    {
        using EventFd signal = EventFd.Create();

        Assert.False(signal.TryConsume(out ulong count));
        Assert.Equal(0UL, count);
        for (int i = 0; i < 5; i++)
            signal.Signal();
        Assert.True(signal.TryConsume(out count));
        Assert.Equal(5UL, count);
        Assert.False(signal.TryConsume(out _));
    }

    [Fact]
    public void Signalling_a_full_counter_neither_blocks_nor_fails()
    {
        using EventFd signal = EventFd.Create();
        ulong full = ulong.MaxValue - 1;
        Assert.Equal(8, Libc.Write(signal, &full, 8));

        signal.Signal();

        Assert.True(signal.TryConsume(out ulong count));
        Assert.Equal(full, count);
    }

    [Fact]
    public void An_adopted_descriptor_shares_the_counter_and_never_blocks()
    {
        using EventFd ours = EventFd.Create();
        int copy = TestLibc.Duplicate(ours.Descriptor);
        Assert.Equal(0, Libc.Fcntl(ours, Libc.FcntlSetStatusFlags, 2));
        using EventFd theirs = EventFd.Adopt(copy);

        // On a thread that may be left behind, should it block.
        Background.Run(() => Assert.False(theirs.TryConsume(out _))).Join();
        theirs.Signal();

        Assert.True(ours.TryConsume(out ulong count));
        Assert.Equal(1UL, count);
    }

    [Fact]
    public void Adopting_something_that_is_no_eventfd_is_refused_and_closes_it()
    {
        using MemfdHandle other = MemfdHandle.Create("vmbus-not-an-event", Environment.SystemPageSize);

        ArgumentException error = Assert.Throws<ArgumentException>(() => EventFd.Adopt(TestLibc.Duplicate(other.Descriptor)));

        Assert.Contains("vmbus-not-an-event", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, ProcSelf.CountDescriptors("vmbus-not-an-event"));
    }

    [Fact]
    public void Adopting_a_closed_descriptor_says_so()
    {
        ErrnoException error = Assert.Throws<ErrnoException>(() => EventFd.Adopt(1_000_000));

        Assert.Equal(Errno.BadDescriptor, error.Errno);
    }

    [Fact]
    public void A_disposed_event_is_closed_and_says_so()
    {
        EventFd signal = EventFd.Create();
        string id = ProcSelf.EventFdId(signal.Descriptor);
        Assert.Equal(1, ProcSelf.CountEventFds(id));

        signal.Dispose();

        Assert.Equal(0, ProcSelf.CountEventFds(id));
        Assert.Throws<ObjectDisposedException>(signal.Signal);
        Assert.Throws<ObjectDisposedException>(() => signal.TryConsume(out _));
    }

    [Fact]
    public void Allocations_are_seen_when_there_are_any() =>
        Assert.NotEqual(0, Allocations.Of(() => GC.KeepAlive(new byte[1])));

    [Fact]
    public void Signal_and_TryConsume_allocate_nothing()
    {
        using EventFd signal = EventFd.Create();

        Assert.Equal(0, Allocations.Of(() =>
        {
            signal.Signal();
            signal.TryConsume(out _);
            signal.TryConsume(out _);
        }));
    }
}
