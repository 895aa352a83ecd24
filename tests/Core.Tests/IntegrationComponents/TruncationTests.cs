using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>Every message cut off at every length: dropped, answered with a failure, or whole enough. Counted in any case.</summary>
public class TruncationTests
{
    public static TheoryData<string> Messages => [.. Requests.Keys];

    private static Dictionary<string, (Func<IntegrationGuest> Guest, IcMessageType Type, byte[] Body, int Least)> Requests { get; } = new()
    {
        ["heartbeat"] = (() => new HeartbeatGuest(), IcMessageType.Heartbeat, new byte[40], 8),
        ["time"] = (() => new TimeSyncGuest(), IcMessageType.TimeSync, Filled(24, 16, 2), 22),
        ["shutdown"] = (() => new ShutdownGuest(_ => { }), IcMessageType.Shutdown, new byte[2060], 2060),
        ["get"] = (Pairs, IcMessageType.KvpExchange, Pair(0, 4 + 4, 2580), 4 + 2572),
        ["set"] = (Pairs, IcMessageType.KvpExchange, Pair(1, 4 + 4, 2580), 4 + 2572),
        ["delete"] = (Pairs, IcMessageType.KvpExchange, Pair(2, 4, 2580), 4 + 516),
        ["enumerate"] = (Pairs, IcMessageType.KvpExchange, Filled(2580, 0, 3), 4 + 2576),
        ["get addresses"] = (Pairs, IcMessageType.KvpExchange, Filled(7428, 0, 4), 7428),
        ["set addresses"] = (Pairs, IcMessageType.KvpExchange, Filled(7428, 0, 5), 7428),
        ["start of a file"] = (() => new FileCopyGuest(new FileShelf()), IcMessageType.FileCopy, Filled(1088, 36, (byte)'f'), 1088),
        ["cancelled file"] = (() => new FileCopyGuest(new FileShelf()), IcMessageType.FileCopy, Filled(36, 0, 3), 36),
        ["negotiate"] = (() => new HeartbeatGuest(), IcMessageType.Negotiate, Conversation.Offer([new(3, 0), new(1, 0)], [new(3, 0)])[28..], 20),
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_request_cut_off_at_any_length_is_answered_as_documented(string name)
    {
        (Func<IntegrationGuest> make, IcMessageType type, byte[] whole, int least) = Requests[name];
        byte[] answer = new byte[28 + whole.Length];
        for (int length = 0; length <= whole.Length; length++)
        {
            IntegrationGuest guest = make();
            if (type != IcMessageType.Negotiate)
                Negotiate(guest);
            IntegrationGuestStatistics before = guest.GetStatistics();
            byte[] packet = Conversation.Packet(type, whole.AsSpan(0, length));
            Assert.Equal(packet.Length, guest.Handle(packet, answer));
            IntegrationGuestStatistics after = guest.GetStatistics();
            Assert.Equal((byte)5, answer[25]);
            bool isWhole = length >= least;
            Assert.Equal(isWhole ? before.Malformed : before.Malformed + 1, after.Malformed);
            uint status = BitConverter.ToUInt32(answer, 20);
            if (isWhole)
                Assert.NotEqual((uint)IcStatus.Fail, status);
            else
                Assert.Equal((uint)IcStatus.Fail, status);
            Assert.Equal(before.Dropped, after.Dropped);
        }
    }

    [Fact]
    public void What_is_no_request_is_dropped()
    {
        byte[] packet = Conversation.Packet(IcMessageType.Heartbeat, new byte[8]), answer = new byte[64];
        var guest = new HeartbeatGuest();
        Negotiate(guest);
        for (int length = 0; length < packet.Length; length++)
            Assert.Equal(0, guest.Handle(packet.AsSpan(0, length), answer));
        foreach (uint length in (uint[])[0, 19, 29, uint.MaxValue])
        {
            BitConverter.TryWriteBytes(packet.AsSpan(4), length);
            Assert.Equal(0, guest.Handle(packet, answer));
        }

        byte[] reply = Conversation.Packet(IcMessageType.Heartbeat, new byte[8], IcMessageFlags.Transaction | IcMessageFlags.Response);
        Assert.Equal(0, guest.Handle(reply, answer));
        Assert.Equal(36 + 5, guest.GetStatistics().Dropped);
        Assert.Equal(0, guest.GetStatistics().Answers);
        Assert.Throws<ArgumentException>(() => guest.Handle(Conversation.Packet(IcMessageType.Heartbeat, new byte[8]), new byte[35]));
    }

    [Fact]
    public void What_comes_before_versions_or_is_of_another_type_is_refused()
    {
        byte[] packet = Conversation.Packet(IcMessageType.Heartbeat, new byte[8]), answer = new byte[64];
        var guest = new HeartbeatGuest();
        Assert.Equal(packet.Length, guest.Handle(packet, answer));
        Assert.Equal((uint)IcStatus.Fail, BitConverter.ToUInt32(answer, 20));
        Negotiate(guest);
        foreach (ushort type in (ushort[])[2, 3, 4, 5, 6, 7, 8, 0xffff])
        {
            BitConverter.TryWriteBytes(packet.AsSpan(12), type);
            Assert.Equal(packet.Length, guest.Handle(packet, answer));
            Assert.Equal((uint)IcStatus.Fail, BitConverter.ToUInt32(answer, 20));
        }

        Assert.Equal(9, guest.GetStatistics().Refused);
        Assert.Equal(0, guest.GetStatistics().Answers);
    }

    [Fact]
    public async Task An_answer_cut_off_at_any_length_is_dropped_or_a_failure()
    {
        (KvpRequest Request, int Least)[] questions =
        [
            (KvpRequest.Get(IcKvpPool.Auto, "k"), 4 + 2572),
            (KvpRequest.Enumerate(IcKvpPool.Auto, 0), 4 + 2576),
            (KvpRequest.GetAddresses("a", IcKvpAddressFamily.IPv4), 7428),
        ];
        foreach ((KvpRequest request, int least) in questions)
        {
            for (int length = 0; length <= least; length += length is > 40 and < 2570 ? 13 : 1)
            {
                var host = new KvpHost();
                var store = new KvpStore();
                store.Set(IcKvpPool.Auto, "k", KvpValue.Of("v"));
                Conversation talk = new Conversation(host, new KvpGuest(store)).Negotiated();
                Task<KvpAnswer> asked = host.AskAsync(request);
                Assert.True(talk.Ask());
                Assert.True(talk.Reply());
                byte[] answer = talk.Answer.ToArray();
                BitConverter.TryWriteBytes(answer.AsSpan(20), 0u);
                BitConverter.TryWriteBytes(answer.AsSpan(4), 20 + length);
                Assert.True(host.Handle(answer));
                KvpAnswer got = await asked;
                Assert.Equal(length < least ? IcStatus.Fail : IcStatus.Success, got.Status);
                Assert.Equal(length < least ? 1 : 0, host.GetStatistics().Malformed);
                for (int cut = 0; cut < 28; cut++)
                    Assert.False(host.Handle(answer.AsSpan(0, cut)));
                Assert.Equal(28, host.GetStatistics().Dropped);
            }
        }
    }

    internal static void Negotiate(IntegrationGuest guest)
    {
        byte[] answer = new byte[64];
        guest.Handle(Conversation.Offer([new(3, 0)], [new(4, 0), new(3, 2), new(3, 0), new(1, 1)]), answer);
        Assert.NotNull(guest.MessageVersion);
    }

    private static KvpGuest Pairs()
    {
        var store = new KvpStore();
        store.Set(IcKvpPool.External, "a", KvpValue.Of(1u));
        return new KvpGuest(store);
    }

    private static byte[] Filled(int length, int at, byte value)
    {
        byte[] body = new byte[length];
        body[at] = value;
        return body;
    }

    /// <summary>A body whose key is "a".</summary>
    private static byte[] Pair(byte operation, int keyLengthAt, int length)
    {
        byte[] body = Filled(length, 0, operation);
        body[keyLengthAt] = 4;
        body[operation == 2 ? keyLengthAt + 4 : keyLengthAt + 8] = (byte)'a';
        if (operation == 1)
            body[4] = 4;
        return body;
    }
}
