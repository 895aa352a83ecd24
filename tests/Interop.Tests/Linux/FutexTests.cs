using System.Diagnostics;
using System.Runtime.InteropServices;

namespace VmBus.Interop.Tests.Linux;

public class FutexTests
{
    private static readonly int Page = Environment.SystemPageSize;

    [Fact]
    public void A_sleeping_thread_is_woken()
    {
        using MappedMemory memory = MappedMemory.MapAnonymous(Page);
        nint word = memory.Address + 64;
        FutexResult result = default;
        Background sleeper = Background.Run(() => result = Futex.Wait(word, 0, Patience.Limit));

        WakeUntilOneWoke(() => Futex.Wake(word, 1));

        sleeper.Join();
        Assert.Equal(FutexResult.Woken, result);
    }

    [Fact]
    public void A_shared_word_wakes_through_another_mapping_of_the_memory()
    {
        using MemfdHandle memory = MemfdHandle.Create("vmbus-futex", Page);
        using MappedMemory ours = MappedMemory.Map(memory, 0, Page), theirs = MappedMemory.Map(memory, 0, Page);
        FutexResult result = default;
        nint waited = ours.Address, woken = theirs.Address;
        Background sleeper = Background.Run(() => result = Futex.WaitShared(waited, 0, Patience.Limit));

        WakeUntilOneWoke(() => Futex.WakeShared(woken, int.MaxValue));

        sleeper.Join();
        Assert.Equal(FutexResult.Woken, result);
    }

    // Each try finds the thread asleep or not; only one that did wakes it.
    private static void WakeUntilOneWoke(Func<int> wake)
    {
        long started = Stopwatch.GetTimestamp();
        int woken;
        while ((woken = wake()) == 0)
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Patience.Limit, "No thread was found asleep.");
            ThreadScheduling.Yield();
        }
        Assert.Equal(1, woken);
    }

    [Fact]
    public void A_word_with_another_value_is_not_waited_on()
    {
        using MappedMemory memory = MappedMemory.MapAnonymous(Page);
        MemoryMarshal.Write(memory.AsSpan(), 7);

        Assert.Equal(FutexResult.ValueDiffered, Futex.Wait(memory.Address, 6, Timeout.InfiniteTimeSpan));
        Assert.Equal(FutexResult.ValueDiffered, Futex.WaitShared(memory.Address, 6, Timeout.InfiniteTimeSpan));
    }

    [Fact]
    public void A_negative_value_is_compared_whole()
    {
        using MappedMemory memory = MappedMemory.MapAnonymous(Page);
        MemoryMarshal.Write(memory.AsSpan(), -1);

        Assert.Equal(FutexResult.TimedOut, Futex.Wait(memory.Address, -1, TimeSpan.FromMilliseconds(1)));
    }

    [Fact]
    public void Nobody_waking_ends_the_wait_when_the_time_is_up_and_not_before()
    {
        using MappedMemory memory = MappedMemory.MapAnonymous(Page);
        TimeSpan time = TimeSpan.FromMilliseconds(20);
        long started = Stopwatch.GetTimestamp();

        Assert.Equal(FutexResult.TimedOut, Futex.Wait(memory.Address, 0, time));

        Assert.True(Stopwatch.GetElapsedTime(started) >= time);
        Assert.Equal(0, Futex.Wake(memory.Address, 1));
    }

    [Fact]
    public void A_word_that_is_not_mapped_is_an_error_with_its_address()
    {
        using MappedMemory memory = MappedMemory.MapAnonymous(Page);
        nint guard = memory.Address - 4;

        ErrnoException error = Assert.Throws<ErrnoException>(() => Futex.Wait(guard, 0, TimeSpan.Zero));

        Assert.Equal(Errno.BadAddress, error.Errno);
        Assert.Contains($"0x{guard:X}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Addresses_counts_and_times_out_of_range_are_refused()
    {
        using MappedMemory memory = MappedMemory.MapAnonymous(Page);
        nint word = memory.Address;

        Assert.Throws<ArgumentException>(() => Futex.Wait(0, 0, TimeSpan.Zero));
        Assert.Throws<ArgumentException>(() => Futex.Wait(word + 2, 0, TimeSpan.Zero));
        Assert.Throws<ArgumentException>(() => Futex.Wake(word + 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Futex.Wake(word, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Futex.Wait(word, 0, TimeSpan.FromSeconds(-1)));
    }

    [Fact]
    public void Waiting_and_waking_allocate_nothing()
    {
        using MappedMemory memory = MappedMemory.MapAnonymous(Page);
        nint word = memory.Address;

        Assert.Equal(0, Allocations.Of(() =>
        {
            Futex.Wake(word, 1);
            Futex.Wait(word, 1, TimeSpan.Zero);
            Futex.Wait(word, 0, TimeSpan.Zero);
        }));
    }
}
