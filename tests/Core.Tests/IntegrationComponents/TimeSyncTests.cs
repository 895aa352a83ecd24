using Microsoft.Extensions.Time.Testing;
using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

public class TimeSyncTests
{
    private static readonly DateTimeOffset HostNow = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly FakeTimeProvider _hostClock = new(HostNow);
    private readonly FakeTimeProvider _guestClock = new(HostNow - TimeSpan.FromMinutes(1));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_guest_knows_how_far_it_is_behind_whatever_the_way_took(bool referenceTime)
    {
        ulong reference = 1_000_000;
        List<TimeSample> samples = [];
        var host = new TimeSyncHost(_hostClock, referenceTime ? () => reference : null);
        var guest = new TimeSyncGuest(_guestClock, () => reference, samples.Add);
        Conversation talk = new Conversation(host, guest).Negotiated();
        Assert.Equal(referenceTime ? new IcVersion(4, 0) : new IcVersion(3, 0), guest.MessageVersion);
        Assert.False(guest.TryGetHostTime(out _));

        Assert.True(talk.Ask());
        reference += 30_000; // 3 ms under way
        TimeSpan age = referenceTime ? TimeSpan.FromMilliseconds(3) : TimeSpan.Zero;
        Assert.True(talk.Reply());
        Assert.True(host.Handle(talk.Answer));
        Assert.Equal(new TimeSample(HostNow + age, TimeSpan.FromMinutes(1) + age, age, IsSync: true, 0, 0), Assert.Single(samples));
        Assert.Equal(samples[0], guest.LastSample);

        _guestClock.Advance(TimeSpan.FromSeconds(7));
        Assert.True(guest.TryGetHostTime(out DateTimeOffset hostTime));
        Assert.Equal(HostNow + age + TimeSpan.FromSeconds(7), hostTime);
        _guestClock.Advance(TimeSyncGuest.MaxAge);
        Assert.False(guest.TryGetHostTime(out _));
        Assert.Equal(1, host.Samples);
    }

    [Fact]
    public void The_clock_is_to_be_set_first_and_when_the_host_says_so_else_there_are_samples()
    {
        List<bool> syncs = [];
        var host = new TimeSyncHost(_hostClock, () => 5);
        Conversation talk = new Conversation(host, new TimeSyncGuest(_guestClock, () => 5, s => syncs.Add(s.IsSync))).Negotiated();
        Assert.True(talk.Exchange());
        Assert.Equal(TimeSpan.FromSeconds(5), host.DueIn);
        _hostClock.Advance(TimeSpan.FromSeconds(5));
        Assert.True(talk.Exchange());
        host.RequestSync();
        Assert.True(talk.Exchange());
        _hostClock.Advance(TimeSpan.FromSeconds(5));
        Assert.True(talk.Exchange());
        Assert.Equal([true, false, true, false], syncs);
    }

    [Fact]
    public void Before_version_4_the_way_there_and_back_is_told()
    {
        var host = new TimeSyncHost(_hostClock);
        Conversation talk = new Conversation(host, new TimeSyncGuest()).Negotiated();
        Assert.True(talk.Ask());
        Assert.True(talk.Reply());
        _hostClock.Advance(TimeSpan.FromMilliseconds(4));
        Assert.True(host.Handle(talk.Answer));
        host.RequestSync();
        Assert.True(talk.Ask());
        Assert.Equal(40_000, BitConverter.ToInt64(talk.Request[(28 + 16)..]));
    }

    [Fact]
    public void A_probe_is_answered_and_not_used()
    {
        var guest = new TimeSyncGuest(_guestClock);
        TruncationTests.Negotiate(guest);
        byte[] answer = new byte[64];
        Assert.Equal(52, guest.Handle(Conversation.Packet(IcMessageType.TimeSync, new byte[24]), answer));
        Assert.Equal(0u, BitConverter.ToUInt32(answer, 20));
        Assert.Null(guest.LastSample);
    }

    /// <summary>The host chooses every number: times past the end of ours, ages that cannot be.</summary>
    [Theory]
    [InlineData(ulong.MaxValue, 1000, false)]
    [InlineData(2_650_467_744_000_000_000, 1000, false)]
    [InlineData(2_650_467_743_999_999_999, 1000, true)]
    [InlineData(2_650_467_743_999_999_999, 999, false)]
    [InlineData(0, 1000, true)]
    [InlineData(1, 1001, false)]
    [InlineData(1, ulong.MaxValue, false)]
    public void A_time_that_cannot_be_is_refused(ulong parentTime, ulong referenceTime, bool accepted)
    {
        var guest = new TimeSyncGuest(_guestClock, () => 1000);
        TruncationTests.Negotiate(guest);
        byte[] body = new byte[24], answer = new byte[64];
        BitConverter.TryWriteBytes(body, parentTime);
        BitConverter.TryWriteBytes(body.AsSpan(8), referenceTime);
        body[16] = 1;
        guest.Handle(Conversation.Packet(IcMessageType.TimeSync, body), answer);
        Assert.Equal(accepted ? IcStatus.Success : IcStatus.InvalidArgument, (IcStatus)BitConverter.ToUInt32(answer, 20));
        Assert.Equal(accepted, guest.LastSample is not null);
        _guestClock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(accepted && parentTime < 2_650_467_743_989_999_999, guest.TryGetHostTime(out _));
    }

    [Fact]
    public void A_message_that_was_under_way_for_more_than_ten_minutes_is_refused()
    {
        foreach ((ulong now, IcStatus status) in ((ulong, IcStatus)[])[(6_000_000_000, IcStatus.Success), (6_000_000_001, IcStatus.InvalidArgument)])
        {
            var guest = new TimeSyncGuest(_guestClock, () => now);
            TruncationTests.Negotiate(guest);
            byte[] body = new byte[24], answer = new byte[64];
            body[16] = 2;
            guest.Handle(Conversation.Packet(IcMessageType.TimeSync, body), answer);
            Assert.Equal(status, (IcStatus)BitConverter.ToUInt32(answer, 20));
        }
    }
}
