using System.Runtime.Versioning;
using VmBus.InMemory;

namespace VmBus.Backends.Tests.Shared;

// The peer has the events full and blocking, as far as they are its to change. No call of this side waits for it, neither while
// it lives nor when it is dead.
[SupportedOSPlatform("linux")]
public class HostilePeerTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_peer_that_makes_the_events_block_holds_up_no_call(bool isHost, bool dies)
    {
        using HostilePeer peer = new(isHost);
        (IDisposable end, VmBusChannel channel) = Open(peer, isHost);
        peer.WaitUntilHostile();
        if (dies)
            peer.Kill();
        channel.SignalMode = SignalMode.LowLatency;

        // On threads that may be left behind, should one of them block.
        Background.Run(() => Assert.False(channel.WaitToRead(TimeSpan.FromMilliseconds(50)))).Join();
        Background.Run(() => Assert.Equal(!dies, channel.TrySend(new byte[8]))).Join();
        Background.Run(() => Assert.False(channel.WaitToRead(TimeSpan.Zero))).Join();
        Background.Run(() => Assert.Equal(!dies, channel.WaitToWrite(8, TimeSpan.FromMilliseconds(50)))).Join();
        Background.Run(end.Dispose).Join();
    }

    // The wait sleeps when the peer begins, and ends with the channel.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_wait_without_limit_ends_with_its_channel_whatever_the_peer_does(bool isHost)
    {
        using HostilePeer peer = new(isHost);
        (IDisposable end, VmBusChannel channel) = Open(peer, isHost);
        Background waiter = Background.Run(() => Assert.False(channel.WaitToRead(Timeout.InfiniteTimeSpan)));
        peer.WaitUntilHostile();

        Background.Run(end.Dispose).Join();

        waiter.Join();
    }

    private static (IDisposable End, VmBusChannel Channel) Open(HostilePeer peer, bool isHost)
    {
        if (isHost)
        {
            SharedGuest guest = SharedGuest.Connect(peer.Socket);
            return (guest, guest.Channel);
        }
        SharedHost host = SharedHost.Offer(peer.Socket, SharedPair.Sleepy);
        return (host, host.Channel);
    }
}
