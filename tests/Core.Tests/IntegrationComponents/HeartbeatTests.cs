using Microsoft.Extensions.Time.Testing;
using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

public class HeartbeatTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void A_beat_every_two_seconds_is_answered_with_the_next_number()
    {
        var host = new HeartbeatHost(_clock);
        var guest = new HeartbeatGuest { State = IcGuestState.Critical };
        Conversation talk = new Conversation(host, guest).Negotiated();
        for (ulong beat = 0; beat < 5; beat++)
        {
            Assert.Equal(TimeSpan.Zero, host.DueIn);
            Assert.True(talk.Exchange());
            Assert.Equal(2 * beat + 1, guest.SequenceNumber);
            Assert.False(talk.Ask());
            Assert.Equal(TimeSpan.FromSeconds(2), host.DueIn);
            _clock.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal((5, 0, true, IcGuestState.Critical), (host.Beats, host.Missed, host.IsAlive, host.GuestState));
    }

    [Fact]
    public void A_guest_that_does_not_answer_in_time_is_not_alive_until_it_does()
    {
        var host = new HeartbeatHost(_clock, answerTimeout: TimeSpan.FromSeconds(3));
        Conversation talk = new Conversation(host, new HeartbeatGuest()).Negotiated();
        Assert.True(talk.Exchange());
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(talk.Ask());
        Assert.True(talk.Reply());
        byte[] late = talk.Answer.ToArray();
        Assert.Equal(TimeSpan.FromSeconds(3), host.DueIn);
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.Zero, host.DueIn);
        Assert.True(host.IsAlive);
        Assert.True(talk.Ask());
        Assert.Equal((1, false), (host.Missed, host.IsAlive));

        // The answer to the beat that was given up is nobody's, even where the transaction id comes around.
        Assert.False(host.Handle(late));
        late[24] = talk.Request[24];
        Assert.True(host.Handle(late));
        Assert.Equal((1, 2, false, 1), (host.Beats, host.Missed, host.IsAlive, host.GetStatistics().Malformed));

        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(talk.Exchange());
        Assert.Equal((2, 2, true), (host.Beats, host.Missed, host.IsAlive));
    }

    [Fact]
    public void A_failure_is_a_missed_beat_and_a_closed_channel_the_end()
    {
        var host = new HeartbeatHost(_clock);
        Conversation talk = new Conversation(host, new HeartbeatGuest { State = IcGuestState.Healthy }).Negotiated();
        Assert.True(talk.Ask());
        Assert.True(talk.Reply());
        BitConverter.TryWriteBytes(talk.Answer[20..], (uint)IcStatus.Fail);
        Assert.True(host.Handle(talk.Answer));
        Assert.Equal((0, 1, false, IcGuestState.Unknown), (host.Beats, host.Missed, host.IsAlive, host.GuestState));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(talk.Exchange());
        Assert.Equal((1, 1, true, IcGuestState.Healthy), (host.Beats, host.Missed, host.IsAlive, host.GuestState));
        host.Close(new PeerDisconnectedException("gone"));
        Assert.False(host.IsAlive);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.False(talk.Ask());
        Assert.Equal((IntegrationHostState.Closed, Timeout.InfiniteTimeSpan), (host.State, host.DueIn));
    }

    [Fact]
    public void Periods_and_timeouts_are_positive()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new HeartbeatHost(period: TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HeartbeatHost(answerTimeout: TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TimeSyncHost(period: TimeSpan.FromTicks(-1)));
    }
}
