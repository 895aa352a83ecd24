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
