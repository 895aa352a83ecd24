using VmBus.Interop.Tests.Linux.Kvm;

namespace VmBus.Interop.Tests.Linux;

public sealed class EpollTests
{
    private static readonly string[] Headers = ["sys/epoll.h"];

    [Fact]
    public void A_signalled_descriptor_is_answered_by_its_number_and_the_others_are_not()
    {
        using Epoll set = Epoll.Create();
        using EventFd quiet = EventFd.Create(), signalled = EventFd.Create();
        set.Add(quiet, 1);
        set.Add(signalled, 0xFEDC_BA98_7654_3210);
        signalled.Signal();
        ulong[] keys = new ulong[4];

        Assert.Equal(1, set.Wait(keys));

        Assert.Equal([0xFEDC_BA98_7654_3210, 0, 0, 0], keys);
    }

    [Fact]
    public void A_descriptor_is_answered_until_it_is_read()
    {
        using Epoll set = Epoll.Create();
        using EventFd first = EventFd.Create(), second = EventFd.Create();
        set.Add(first, 1);
        set.Add(second, 2);
        first.Signal();
        ulong[] keys = new ulong[4];
        Assert.Equal(1, set.Wait(keys));
        Assert.Equal(1, set.Wait(keys));
        Assert.Equal(1ul, keys[0]);

        Assert.True(first.TryConsume(out _));
        second.Signal();

        Assert.Equal(1, set.Wait(keys));
        Assert.Equal(2ul, keys[0]);
    }

    [Fact]
    public void A_descriptor_taken_out_is_answered_no_more_and_may_come_back()
    {
        using Epoll set = Epoll.Create();
        using EventFd removed = EventFd.Create(), other = EventFd.Create();
        set.Add(removed, 1);
        set.Add(other, 2);
        removed.Signal();
        other.Signal();
        set.Remove(removed);
        ulong[] keys = new ulong[4];
        Assert.Equal(1, set.Wait(keys));
        Assert.Equal(2ul, keys[0]);
        Assert.Equal(Errno.NoSuchFile, Assert.Throws<ErrnoException>(() => set.Remove(removed)).Errno);

        set.Add(removed, 3);

        Assert.Equal(2, set.Wait(keys));
        Assert.Equal([2ul, 3ul], keys.Take(2).Order());
        Assert.Throws<ErrnoException>(() => set.Add(removed, 4));
    }

    [Fact]
    public void An_unarmed_descriptor_is_answered_once_each_time_it_is_armed()
    {
        using Epoll set = Epoll.Create();
        using EventFd armed = EventFd.Create(), other = EventFd.Create();
        set.AddUnarmed(armed, 1);
        set.Add(other, 2);
        armed.Signal();
        other.Signal();
        ulong[] keys = new ulong[4];
        Assert.Equal(1, set.Wait(keys));
        Assert.Equal(2ul, keys[0]);

        set.Arm(armed, 3);
        Assert.Equal(2, set.Wait(keys));
        Assert.Equal([2ul, 3ul], keys.Take(2).Order());
        Assert.Equal(1, set.Wait(keys));

        set.Arm(armed, 4);
        Assert.Equal(2, set.Wait(keys));
        Assert.Equal([2ul, 4ul], keys.Take(2).Order());
        using EventFd stranger = EventFd.Create();
        Assert.Throws<ErrnoException>(() => set.Arm(stranger, 5));
    }

    [Fact]
    public void Each_of_many_descriptors_is_found()
    {
        const int Many = 500;
        using Epoll set = Epoll.Create();
        EventFd[] all = [.. Enumerable.Range(0, Many).Select(_ => EventFd.Create())];
        for (int i = 0; i < Many; i++)
        {
            set.Add(all[i], (ulong)i);
            all[i].Signal();
        }
        var found = new HashSet<ulong>();
        ulong[] keys = new ulong[100];
        while (found.Count < Many)
        {
            int count = set.Wait(keys);
            Assert.InRange(count, 1, keys.Length);
            foreach (ulong key in keys[..count])
            {
                Assert.True(all[key].TryConsume(out _));
                Assert.True(found.Add(key));
            }
        }
        foreach (EventFd one in all)
            one.Dispose();
    }

    [Fact]
    public void A_wait_without_room_takes_no_more_than_it_has_room_for()
    {
        using Epoll set = Epoll.Create();
        using EventFd first = EventFd.Create(), second = EventFd.Create();
        set.Add(first, 1);
        set.Add(second, 2);
        first.Signal();
        second.Signal();
        ulong[] keys = [9, 9];
        Assert.Equal(1, set.Wait(keys.AsSpan(0, 1)));
        Assert.Equal(9ul, keys[1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => set.Wait([]));
    }

    [Fact]
    public void A_wait_sees_what_is_added_meanwhile_in_spite_of_signals()
    {
        using Epoll set = Epoll.Create();
        using EventFd quiet = EventFd.Create(), late = EventFd.Create();
        set.Add(quiet, 1);
        using var storm = new SignalStorm();
        Background other = Background.Run(() =>
        {
            while (storm.Sent < 20)
                ThreadScheduling.NanoSleep(TimeSpan.FromMilliseconds(1));
            set.Add(late, 2);
            late.Signal();
        });
        ulong[] keys = new ulong[2];

        Assert.Equal(1, set.Wait(keys));

        Assert.Equal(2ul, keys[0]);
        other.Join();
    }

    [Fact]
    public void Waiting_allocates_nothing()
    {
        using Epoll set = Epoll.Create();
        using EventFd signalled = EventFd.Create();
        set.Add(signalled, 1);
        signalled.Signal();
        ulong[] keys = new ulong[2];
        Assert.Equal(0, Allocations.Of(() => set.Wait(keys)));
    }

    [Fact]
    public void The_number_is_read_where_the_C_compiler_has_it()
    {
        // Six descriptors with neighbouring entries: a wrong size or offset mixes their numbers up.
        ulong[] layout = CHeaders.Evaluate(Headers, ["sizeof(struct epoll_event)", "offsetof(struct epoll_event, data)", "EPOLLIN", "EPOLL_CLOEXEC", "EPOLL_CTL_ADD", "EPOLL_CTL_DEL", "EPOLL_CTL_MOD", "EPOLLONESHOT"]);
        int gap = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64 ? 4 : 8;
        Assert.Equal([(ulong)gap + 8, (ulong)gap, (ulong)PollEvents.In, (ulong)Libc.EpollCloseOnExec, (ulong)Libc.EpollAdd, (ulong)Libc.EpollDelete, (ulong)Libc.EpollModify, Libc.EpollOneShot], layout);
        using Epoll set = Epoll.Create();
        EventFd[] all = [.. Enumerable.Range(0, 6).Select(_ => EventFd.Create())];
        ulong[] numbers = [.. Enumerable.Range(0, 6).Select(i => 0x0101_0101_0101_0101ul * (uint)(i + 1))];
        for (int i = 0; i < all.Length; i++)
        {
            set.Add(all[i], numbers[i]);
            all[i].Signal();
        }
        ulong[] keys = new ulong[6];
        Assert.Equal(6, set.Wait(keys));
        Assert.Equal(numbers, keys.Order());
        foreach (EventFd one in all)
            one.Dispose();
    }
}
