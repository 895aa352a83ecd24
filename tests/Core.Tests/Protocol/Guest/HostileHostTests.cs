using FsCheck.Xunit;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Guest;

/// <summary>A host that says anything at any time, to a guest that asks for anything at any time.</summary>
public sealed class HostileHostTests
{
    [Property(MaxTest = 5000, EndSize = 400)]
    public void Whatever_a_host_says_nothing_throws_and_nothing_grows_without_end(byte[] script)
    {
        var play = new GuestPlay(script);
        play.Start();
        while (play.Step())
            play.CheckBounds();
        play.Finish();
    }

    [Fact]
    public void A_host_that_talks_all_day_makes_nothing_grow_that_nobody_takes()
    {
        var random = new Random(4);
        var script = new byte[16];
        foreach (ProtocolVersion version in ProtocolVersion.Known)
        {
            ScriptedHost host = ScriptedHost.Connected(version, options: new GuestProtocolOptions { MaxOffers = GuestPlay.MaxOffers });
            for (int message = 0; message < 20_000; message++)
            {
                random.NextBytes(script);
                host.Guest.Receive(new GuestPlay(script).Message());
            }
            Assert.Equal(0, host.Guest.WaitingPosts + host.Guest.PendingRequests + host.Guest.GpadlCount);
            Assert.InRange(host.Guest.OfferCount, 1, GuestPlay.MaxOffers);
            Assert.InRange(host.Guest.EventCount, 1, 2 * GuestPlay.MaxOffers);
        }
    }
}
