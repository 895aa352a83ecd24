using System.Runtime.Versioning;
using VmBus.Backends.Tests.InMemory;

namespace VmBus.Backends.Tests.Shared;

[SupportedOSPlatform("linux")]
public class SharedLeakTests
{
    [Fact]
    public void Opening_and_closing_many_times_leaves_nothing()
    {
        OpenResources before = OpenResources.Count();
        for (int round = 0; round < 200; round++)
        {
            SharedPair pair = new();
            ChannelTraffic.Send(pair.Guest.Channel, 0, 10);
            ChannelTraffic.Receive(pair.Host.Channel, 0, 10);
            ChannelTraffic.Send(pair.Host.Channel, 0, 10);
            if (round % 2 == 0)
                pair.Host.Dispose();
            ChannelTraffic.Receive(pair.Guest.Channel, 0, 10);
            pair.Dispose();
            pair.Dispose();
        }
        before.AssertUnchanged();
    }

    [Fact]
    public void What_is_counted_is_there_while_a_channel_is_open()
    {
        OpenResources before = OpenResources.Count();
        using SharedPair pair = new();
        OpenResources open = OpenResources.Count();

        Assert.Equal(2, open.Memfds - before.Memfds); // the root's memory and the guest's
        Assert.Equal(6, open.EventFds - before.EventFds); // on each side both events and what cancels a wait
        Assert.Equal(2, open.Sockets - before.Sockets);
        Assert.Equal(8, open.Regions - before.Regions);
        Assert.Equal(1, open.ScanThreads - before.ScanThreads);
    }
}
