using Microsoft.Extensions.Time.Testing;
using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>The newest versions common to both sides, or a refusal.</summary>
public class NegotiationTests
{
    private static readonly IcVersion[] Candidates = [new(1, 0), new(2, 0), new(3, 0), new(3, 1), new(3, 2), new(4, 0), new(5, 0)];

    public static TheoryData<string> Components => [.. Guests.Keys];

    private static Dictionary<string, (Func<IntegrationGuest> Make, IReadOnlyList<IcVersion> Versions)> Guests { get; } = new()
    {
        ["heartbeat"] = (() => new HeartbeatGuest(), IntegrationVersions.Heartbeat),
        ["time"] = (() => new TimeSyncGuest(), IntegrationVersions.TimeSync),
        ["shutdown"] = (() => new ShutdownGuest(_ => { }), IntegrationVersions.Shutdown),
        ["pairs"] = (() => new KvpGuest(new KvpStore()), IntegrationVersions.Kvp),
    };

    /// <summary>Every set of framework versions with every set of message versions, in rising order and in falling.</summary>
    [Theory]
    [MemberData(nameof(Components))]
    public void A_guest_takes_the_newest_of_each_or_none(string component)
    {
        (Func<IntegrationGuest> make, IReadOnlyList<IcVersion> versions) = Guests[component];
        byte[] answer = new byte[256];
        for (int frameworks = 0; frameworks < 1 << Candidates.Length; frameworks += 3)
        {
            for (int messages = 0; messages < 1 << Candidates.Length; messages++)
            {
                IcVersion[] offeredFrameworks = Subset(frameworks), offered = Subset(messages);
                if (messages % 2 == 1)
                    Array.Reverse(offered);
                IntegrationGuest guest = make();
                byte[] offer = Conversation.Offer(offeredFrameworks, offered);
                Assert.Equal(offer.Length, guest.Handle(offer, answer));
                IcVersion? framework = Newest(offeredFrameworks, IntegrationVersions.Framework), message = Newest(offered, versions);
                bool agreed = framework is not null && message is not null;
                Assert.Equal((agreed ? framework : null, agreed ? message : null), (guest.FrameworkVersion, guest.MessageVersion));
                Assert.Equal(agreed ? 0x0001_0001u : 0u, BitConverter.ToUInt32(answer, 28));
                Assert.Equal(0u, BitConverter.ToUInt32(answer, 20));
                if (agreed)
                {
                    Assert.Equal((framework!.Value.Major, framework.Value.Minor), (BitConverter.ToUInt16(answer, 36), BitConverter.ToUInt16(answer, 38)));
                    Assert.Equal((message!.Value.Major, message.Value.Minor), (BitConverter.ToUInt16(answer, 40), BitConverter.ToUInt16(answer, 42)));
                }
            }
        }
    }

    [Theory]
    [InlineData(100, 100, true)]
    [InlineData(101, 1, false)]
    [InlineData(1, 101, false)]
    public void A_guest_looks_at_a_hundred_versions_of_each_at_most(int frameworks, int messages, bool isSound)
    {
        var guest = new HeartbeatGuest();
        byte[] offer = Conversation.Offer(Many(frameworks), Many(messages)), answer = new byte[offer.Length];
        Assert.Equal(offer.Length, guest.Handle(offer, answer));
        Assert.Equal(isSound ? IcStatus.Success : IcStatus.Fail, (IcStatus)BitConverter.ToUInt32(answer, 20));
        Assert.Equal(isSound ? new IcVersion(3, 0) : null, guest.MessageVersion);
        Assert.Equal(isSound ? 0 : 1, guest.GetStatistics().Malformed);

        static IcVersion[] Many(int count) => [.. Enumerable.Range(1, count - 1).Select(minor => new IcVersion(9, (ushort)minor)), new IcVersion(3, 0)];
    }

    [Fact]
    public void A_host_takes_one_of_the_versions_it_offered_and_nothing_else()
    {
        foreach (IcVersion framework in Candidates)
        {
            foreach (IcVersion message in Candidates)
            {
                (HeartbeatHost host, byte[] answer) = Offered(framework, message);
                Assert.True(host.Handle(answer));
                bool ours = IntegrationVersions.Framework.Contains(framework) && IntegrationVersions.Heartbeat.Contains(message);
                Assert.Equal(ours ? IntegrationHostState.Ready : IntegrationHostState.Refused, host.State);
                Assert.Equal(ours ? message : null, host.MessageVersion);
                Assert.Equal(ours ? 0 : 1, host.GetStatistics().Malformed);
            }
        }
    }

    [Fact]
    public async Task A_guest_that_refuses_is_asked_nothing_and_who_waits_is_told()
    {
        var host = new KvpHost();
        Task<KvpAnswer> waiting = host.AskAsync(KvpRequest.Get(IcKvpPool.Auto, "x"));
        byte[] packet = new byte[8192];
        Assert.Equal(TimeSpan.Zero, host.DueIn);
        Assert.True(host.TryWriteRequest(packet, out _));
        byte[] refusal = Conversation.Packet(IcMessageType.Negotiate, new byte[16], IcMessageFlags.Transaction | IcMessageFlags.Response);
        Assert.True(host.Handle(refusal));
        Assert.Equal(IntegrationHostState.Refused, host.State);
        Assert.Equal(0, host.GetStatistics().Malformed);
        Assert.False(host.TryWriteRequest(packet, out _));
        Assert.Equal(Timeout.InfiniteTimeSpan, host.DueIn);
        await Assert.ThrowsAsync<NotSupportedException>(() => waiting);
        await Assert.ThrowsAsync<NotSupportedException>(() => host.AskAsync(KvpRequest.Get(IcKvpPool.Auto, "x")));
    }

    [Fact]
    public void Versions_are_offered_again_to_a_guest_that_does_not_answer()
    {
        var clock = new FakeTimeProvider();
        var host = new HeartbeatHost(clock);
        var talk = new Conversation(host, new HeartbeatGuest());
        Assert.True(talk.Ask());
        byte[] late = talk.Request.ToArray();
        Assert.False(talk.Ask());
        Assert.Equal(IntegrationHost.DefaultAnswerTimeout, host.DueIn);
        clock.Advance(IntegrationHost.DefaultAnswerTimeout);
        talk.Negotiated();
        Assert.Equal(1, host.GetStatistics().TimedOut);
        byte[] answer = new byte[256];
        new HeartbeatGuest().Handle(late, answer);
        Assert.False(host.Handle(answer.AsSpan(0, late.Length)));
        Assert.Equal(1, host.GetStatistics().Stray);
    }

    [Theory]
    [InlineData(101, 1)]
    [InlineData(1, 101)]
    [InlineData(65535, 65535)]
    [InlineData(2, 1)]
    [InlineData(0, 3)]
    public void A_list_that_is_too_long_or_longer_than_the_message_is_refused(int frameworks, int messages)
    {
        var guest = new HeartbeatGuest();
        byte[] offer = Conversation.Offer([new(3, 0)], [new(3, 0)]), answer = new byte[64];
        BitConverter.TryWriteBytes(offer.AsSpan(28), (ushort)frameworks);
        BitConverter.TryWriteBytes(offer.AsSpan(30), (ushort)messages);
        Assert.Equal(offer.Length, guest.Handle(offer, answer));
        Assert.Equal(0x8000_4005, BitConverter.ToUInt32(answer, 20));
        Assert.Equal(0u, BitConverter.ToUInt32(answer, 28));
        Assert.Null(guest.MessageVersion);
        Assert.Equal(1, guest.GetStatistics().Malformed);
    }

    private static (HeartbeatHost Host, byte[] Answer) Offered(IcVersion framework, IcVersion message)
    {
        var host = new HeartbeatHost();
        Assert.True(host.TryWriteRequest(new byte[256], out _));
        byte[] answer = Conversation.Offer([framework], [message]);
        answer[25] = (byte)(IcMessageFlags.Transaction | IcMessageFlags.Response);
        return (host, answer);
    }

    private static IcVersion[] Subset(int bits) => [.. Candidates.Where((_, i) => (bits >> i & 1) != 0)];

    private static IcVersion? Newest(IcVersion[] offered, IReadOnlyList<IcVersion> ours)
    {
        IcVersion[] common = [.. offered.Where(ours.Contains)];
        return common.Length == 0 ? null : common.MaxBy(v => v.Major << 16 | v.Minor);
    }
}
