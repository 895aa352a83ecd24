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
        // The scan threads of tests before this one are joined, but take another moment to leave the kernel's list; and
        // a new one is told apart by the name that it gives itself.
        Background.Until(() => OpenResources.Count().ScanThreads == 0, "earlier scan threads are gone");
        OpenResources before = OpenResources.Count();
        using SharedPair pair = new();
        Background.Until(() => OpenResources.Count().ScanThreads == 1, "the scan thread is named");
        OpenResources open = OpenResources.Count();

        Assert.Equal(2, open.Memfds - before.Memfds); // the root's memory and the guest's
        Assert.Equal(2, open.EventFds - before.EventFds); // on each side what cancels a wait
        Assert.Equal(4, open.Pipes - before.Pipes); // on each side both signals
        Assert.Equal(2, open.Sockets - before.Sockets);
        Assert.Equal(8, open.Regions - before.Regions);
    }
}
