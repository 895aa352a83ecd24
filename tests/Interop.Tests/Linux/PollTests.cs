using System.Diagnostics;

namespace VmBus.Interop.Tests.Linux;

public class PollTests
{
    [Fact]
    public void A_signalled_event_is_found_and_the_others_are_not()
    {
        using EventFd quiet = EventFd.Create(), signalled = EventFd.Create();
        signalled.Signal();
        PollFd[] all = [new(quiet.Descriptor, PollEvents.In), new(-1, PollEvents.In), new(signalled.Descriptor, PollEvents.In)];

        Assert.Equal(1, Poll.Wait(all, Timeout.InfiniteTimeSpan));

        Assert.Equal([PollEvents.None, PollEvents.None, PollEvents.In], all.Select(one => one.Returned));
    }

    [Fact]
    public void Nothing_found_within_the_time_is_zero_and_not_before_the_time()
    {
        using EventFd quiet = EventFd.Create();
        TimeSpan time = TimeSpan.FromMilliseconds(20);
        PollFd[] one = [new(quiet.Descriptor, PollEvents.In)];
        long started = Stopwatch.GetTimestamp();

        Assert.Equal(0, Poll.Wait(one, time));

        Assert.True(Stopwatch.GetElapsedTime(started) >= time);
        Assert.Equal(0, Poll.Wait(one, TimeSpan.Zero));
        Assert.Equal(PollEvents.None, Poll.Wait(quiet.Descriptor, PollEvents.In, TimeSpan.FromTicks(1)));
        Assert.Equal(0, Poll.Wait([], TimeSpan.Zero));
    }

    [Fact]
    public void Signals_do_not_end_a_wait_early_nor_with_an_error()
    {
        using EventFd quiet = EventFd.Create();
        using var storm = new SignalStorm();
        TimeSpan time = TimeSpan.FromMilliseconds(200);
        long before, began = Stopwatch.GetTimestamp();
        do
        {
            before = storm.Sent;
            long started = Stopwatch.GetTimestamp();

            Assert.Equal(PollEvents.None, Poll.Wait(quiet.Descriptor, PollEvents.In, time));

            Assert.True(Stopwatch.GetElapsedTime(started) >= time);
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience.Limit, "No signal came in a wait.");
        }
        while (storm.Sent <= before + 1);
    }

    [Fact]
    public void An_infinite_wait_ends_with_the_event_in_spite_of_signals()
    {
        using EventFd signalled = EventFd.Create();
        using var storm = new SignalStorm();
        Background other = Background.Run(() =>
        {
            while (storm.Sent < 20)
                ThreadScheduling.NanoSleep(TimeSpan.FromMilliseconds(1));
            signalled.Signal();
        });

        Assert.Equal(PollEvents.In, Poll.Wait(signalled.Descriptor, PollEvents.In, Timeout.InfiniteTimeSpan));

        other.Join();
    }

    [Fact]
    public void A_descriptor_that_is_not_open_is_reported_as_invalid()
    {
        Assert.Equal(PollEvents.Invalid, Poll.Wait(1_000_000, PollEvents.In, Patience.Limit));
    }

    [Fact]
    public void A_negative_time_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Poll.Wait(0, PollEvents.In, TimeSpan.FromSeconds(-1)));
    }

    [Fact]
    public void Polling_allocates_nothing()
    {
        using EventFd signalled = EventFd.Create();
        signalled.Signal();
        PollFd[] all = [new(signalled.Descriptor, PollEvents.In)];

        Assert.Equal(0, Allocations.Of(() =>
        {
            Poll.Wait(all, Timeout.InfiniteTimeSpan);
            Poll.Wait(signalled.Descriptor, PollEvents.In, TimeSpan.Zero);
        }));
    }
}
