using System.Runtime.Versioning;
using VmBus.Backends.Tests.InMemory;
using VmBus.Backends.Tests.Shared;
using VmBus.Interop;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
public sealed class UioEndTests : UioFixture
{
    [Fact]
    public void A_rescind_ends_waits_with_an_error_that_says_so_after_what_was_committed()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();
        VmBusChannel guest = device.Primary.Channel;
        ChannelTraffic.Send(standIn.Host.Channel, 0, 3);
        standIn.Rescind();

        ChannelTraffic.Receive(guest, 0, 3);
        Assert.False(guest.WaitToRead(Patience.Limit));
        Assert.Contains("EIO", guest.DisconnectReason, StringComparison.Ordinal);
        Assert.Equal(ChannelState.Disconnected, guest.State);
        Assert.True(device.IsGone);
        Assert.False(guest.WaitToRead(Timeout.InfiniteTimeSpan));
        Assert.True(guest.Completion.IsCompletedSuccessfully);
        Assert.Throws<PeerDisconnectedException>(() => device.AddSubchannel(1));
    }

    [Fact]
    public void A_rescind_is_noticed_by_the_first_look_that_waits_for_nothing()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();
        VmBusChannel guest = device.Primary.Channel;
        Assert.False(guest.WaitToRead(TimeSpan.Zero));
        Assert.Equal(ChannelState.Open, guest.State);
        standIn.Rescind();
        Assert.False(guest.WaitToRead(TimeSpan.Zero));
        Assert.Equal(ChannelState.Disconnected, guest.State);
    }

    [Fact]
    public void A_rescind_wakes_every_sleeper_and_takes_this_side_off_the_memory()
    {
        UioStandIn standIn = Make(Monitor);
        standIn.AddSubchannel(90, 42);
        using UioDevice device = standIn.Open();
        VmBusChannel[] channels = [device.Primary.Channel, device.AddSubchannel(90).Channel];
        int[] threads = [0, 0];
        Background[] sleepers = [.. channels.Select((channel, i) => Background.Run(() =>
        {
            Volatile.Write(ref threads[i], TestLibc.ThreadId());
            Assert.False(channel.WaitToRead(Timeout.InfiniteTimeSpan));
        }))];
        for (int i = 0; i < 2; i++)
            Background.Until(() => Volatile.Read(ref threads[i]) is var id and not 0 && TestLibc.IsInPoll(id), "the waiter sleeps");

        standIn.Rescind();
        Array.ForEach(sleepers, one => one.Join());

        uint written = standIn.Host.Word(0);
        Assert.False(channels[0].TrySend([1, 2, 3]));
        Assert.Equal((written, 0u), (standIn.Host.Word(0), standIn.MonitorPage.Pending(Monitor / 32)));
    }

    [Fact]
    public void A_signal_to_a_rescinded_device_fails_and_is_counted()
    {
        UioStandIn standIn = Make(null);
        using UioDevice device = standIn.Open();
        standIn.Rescind();

        Assert.True(device.Primary.Channel.TrySend([1]));

        Assert.Equal(1, device.Primary.Channel.GetStatistics().Signals.Failed);
        Assert.True(device.IsGone);
        Assert.False(device.Primary.Channel.WaitToRead(Patience.Limit));
        Assert.Equal(ChannelState.Disconnected, device.Primary.Channel.State);
    }

    [Fact]
    public void A_read_that_finds_nothing_after_all_is_no_end()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();
        for (int i = 0; i < 5; i++)
            standIn.Faults.Enqueue(Errno.TryAgain);
        Assert.False(device.Primary.Channel.WaitToRead(TimeSpan.Zero));
        Assert.True(standIn.Host.Channel.TrySend([1]));

        Assert.True(device.Primary.Channel.WaitToRead(Patience.Limit));
        Assert.False(device.IsGone);
    }

    [Fact]
    public void A_read_that_fails_in_another_way_ends_waits_too()
    {
        UioStandIn standIn = Make(Monitor);
        using UioDevice device = standIn.Open();
        Assert.False(device.Primary.Channel.WaitToRead(TimeSpan.Zero));
        standIn.Faults.Enqueue(Errno.InvalidArgument);
        Assert.True(standIn.Host.Channel.TrySend([1]));

        Assert.True(device.Primary.Channel.WaitToRead(Patience.Limit));
        ReadOne(device.Primary.Channel);
        Assert.False(device.Primary.Channel.WaitToRead(Patience.Limit));
        Assert.Equal(ChannelState.Disconnected, device.Primary.Channel.State);
    }

    [Fact]
    public void A_closed_device_ends_a_wait_under_way()
    {
        UioStandIn standIn = Make(Monitor);
        UioDevice device = standIn.Open();
        int thread = 0;
        Background waiter = Background.Run(() =>
        {
            Volatile.Write(ref thread, TestLibc.ThreadId());
            Assert.False(device.Primary.Channel.WaitToRead(Timeout.InfiniteTimeSpan));
        });
        Background.Until(() => Volatile.Read(ref thread) is var id and not 0 && TestLibc.IsInPoll(id), "the waiter sleeps");

        device.Dispose();

        waiter.Join();
    }
}
