using System.Runtime.InteropServices;
using Microsoft.Extensions.Time.Testing;
using VmBus.Fuzz;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Host;

/// <summary>A guest by script, and the driver of the host it talks to.</summary>
internal sealed class ScriptedGuest
{
    public static readonly Guid Device = new("f8615163-df3e-46c5-913f-f2d2f965ed0e");
    public static readonly FeatureFlags AllFeatures = HostProtocolOptions.DefaultFeatures;

    public ScriptedGuest(HostProtocolOptions? options = null)
    {
        Options = options ?? new HostProtocolOptions();
        Host = new HostProtocol(Options, Clock);
    }

    public HostProtocolOptions Options { get; }

    public FakeTimeProvider Clock { get; } = new();

    public HostProtocol Host { get; }

    /// <summary>What a test has taken of the host's actions and not answered yet.</summary>
    public List<HostAction> Unanswered { get; } = [];

    public OfferId Offer(int instance = 1, ushort subchannel = 0, TimeSpan? latency = null) => Host.Offer(MakeOffer(instance, subchannel, latency));

    public static HostOffer MakeOffer(int instance = 1, ushort subchannel = 0, TimeSpan? latency = null) =>
        new(Device, new Guid(instance, 0, 0, new byte[8])) { SubchannelIndex = subchannel, MonitorLatency = latency };

    public MessageFault Send<T>(ChannelMessageType type, T message, int length = -1) where T : unmanaged => Host.Receive(ChannelMessages.ToBytes(type, message, length));

    public MessageFault Send(ChannelMessageType type) => Host.Receive(ChannelMessages.ToBytes(type));

    public MessageFault Contact(
        ProtocolVersion version, FeatureFlags features = FeatureFlags.None, ulong parentToChild = 0x1000, ulong childToParent = 0x2000, uint vp = 0, Guid clientId = default)
    {
        var contact = new InitiateContact
        {
            VersionRequested = version,
            TargetVp = vp,
            ParentToChildMonitorPage = parentToChild,
            ChildToParentMonitorPage = childToParent,
        };
        if (version >= ProtocolVersion.Win10Rs3V2)
        {
            contact.TargetSint = SynicMsr.VmBusSint;
            contact.FeatureFlags = features;
        }
        else
        {
            contact.InterruptPage = 0x3000;
        }

        return Send(ChannelMessageType.InitiateContact, new InitiateContact2 { Contact = contact, ClientId = clientId },
            features.HasFlag(FeatureFlags.ClientId) ? -1 : InitiateContact.Size);
    }

    /// <summary>Connects, and takes every offer and action of that.</summary>
    public ScriptedGuest Connected(ProtocolVersion? version = null, FeatureFlags? features = null, bool requestOffers = true)
    {
        ProtocolVersion wanted = version ?? ProtocolVersion.Copper;
        Assert.Equal(MessageFault.None, Contact(wanted, features ?? (wanted >= ProtocolVersion.Copper ? AllFeatures : FeatureFlags.None)));
        Action<HostAction.Connect>();
        Host.CompleteConnect(ConnectionState.Successful);
        Assert.Equal(HostState.Connected, Host.State);
        Posts();
        if (requestOffers)
            Assert.Equal(MessageFault.None, Send(ChannelMessageType.RequestOffers));
        Posts();
        Actions();
        return this;
    }

    /// <summary>Every message that is due, posted.</summary>
    public List<QueuedMessage> Posts()
    {
        var posts = new List<QueuedMessage>();
        while (Host.TryPeekPost(out QueuedMessage message))
        {
            Host.CompletePost(HypercallStatus.Success);
            posts.Add(message);
        }

        return posts;
    }

    /// <summary>The one message that is due.</summary>
    public T Post<T>(ChannelMessageType type) where T : unmanaged
    {
        QueuedMessage message = Assert.Single(Posts());
        Assert.Equal(type, message.Type);
        return ChannelMessages.Read<T>(message.Bytes.Span);
    }

    public void NothingPosted() => Assert.Empty(Posts());

    public List<HostAction> Actions()
    {
        var actions = new List<HostAction>();
        while (Host.TryTakeAction(out HostAction action))
            actions.Add(action);
        return actions;
    }

    public T Action<T>() where T : HostAction => Assert.IsType<T>(Assert.Single(Actions()));

    public void NothingToDo() => Assert.Empty(Actions());

    public static byte[] GpadlMessage(uint relid, uint gpadl, int rangeBytes, int rangeCount, ReadOnlySpan<ulong> words)
    {
        byte[] head = ChannelMessages.ToBytes(ChannelMessageType.GpadlHeader,
            new GpadlHeader { ChildRelid = relid, Gpadl = gpadl, RangeBufferLength = (ushort)rangeBytes, RangeCount = (ushort)rangeCount });
        return [.. head, .. MemoryMarshal.AsBytes(words)];
    }

    public static byte[] GpadlBodyMessage(uint gpadl, ReadOnlySpan<ulong> words) =>
        [.. ChannelMessages.ToBytes(ChannelMessageType.GpadlBody, new GpadlBody { Gpadl = gpadl }), .. MemoryMarshal.AsBytes(words)];

    /// <summary>The words of one range of whole pages.</summary>
    public static ulong[] Range(int pages, uint offset = 0)
    {
        var words = new ulong[pages + 1];
        words[0] = (uint)(pages * GpadlRange.PageSize - (int)offset) | (ulong)offset << 32;
        for (int page = 1; page <= pages; page++)
            words[page] = (ulong)page;
        return words;
    }

    public MessageFault SendGpadl(uint relid, uint gpadl, int pages = 4)
    {
        ulong[] words = Range(pages);
        int inHeader = Math.Min(words.Length, 27);
        MessageFault fault = Host.Receive(GpadlMessage(relid, gpadl, words.Length * 8, 1, words.AsSpan(0, inHeader)));
        for (int next = inHeader; next < words.Length && fault == MessageFault.None; next += GpadlBody.MaxPageFrames)
            fault = Host.Receive(GpadlBodyMessage(gpadl, words.AsSpan(next, Math.Min(words.Length - next, GpadlBody.MaxPageFrames))));
        return fault;
    }

    public void CreateGpadl(OfferId offer, uint gpadl, uint relid = 1, int pages = 4)
    {
        Assert.Equal(MessageFault.None, SendGpadl(relid, gpadl, pages));
        Action<HostAction.CreateGpadl>();
        Host.CompleteCreateGpadl(offer, gpadl, ChannelMessageStatus.Success);
        Posts();
    }

    public MessageFault SendOpen(
        uint relid = 1, uint gpadl = 0xE1E10, uint openId = 7, uint vp = 1, uint pageOffset = 2, uint connectionId = 0x2001, ushort eventFlag = 1,
        OpenChannelFlags flags = OpenChannelFlags.None)
    {
        var open = new OpenChannel { ChildRelid = relid, OpenId = openId, RingBufferGpadl = gpadl, TargetVp = vp, DownstreamPageOffset = pageOffset };
        return Send(ChannelMessageType.OpenChannel, new OpenChannel2 { Open = open, ConnectionId = connectionId, EventFlag = eventFlag, Flags = flags },
            Host.Negotiated.HasOpenParameters ? -1 : OpenChannel.Size);
    }

    public MessageFault SendClose(uint relid = 1) => Send(ChannelMessageType.CloseChannel, new CloseChannel { ChildRelid = relid });

    public MessageFault SendTeardown(uint gpadl = 0xE1E10, uint relid = 1) =>
        Send(ChannelMessageType.GpadlTeardown, new GpadlTeardown { ChildRelid = relid, Gpadl = gpadl });

    public MessageFault SendReleased(uint relid = 1) => Send(ChannelMessageType.RelidReleased, new RelidReleased { ChildRelid = relid });

    public MessageFault SendModify(uint vp, uint relid = 1) => Send(ChannelMessageType.ModifyChannel, new ModifyChannel { ChildRelid = relid, TargetVp = vp });

    public MessageFault SendOpenReserved(uint relid = 1, uint gpadl = 0xE1E10, uint vp = 3, uint sint = 5) =>
        Send(ChannelMessageType.OpenReservedChannel, new OpenReservedChannel
        {
            ChildRelid = relid,
            RingBufferGpadl = gpadl,
            TargetVp = vp,
            TargetSint = sint,
            DownstreamPageOffset = 2,
        });

    public MessageFault SendCloseReserved(uint relid = 1, uint vp = 3, uint sint = 5) =>
        Send(ChannelMessageType.CloseReservedChannel, new CloseReservedChannel { ChildRelid = relid, TargetVp = vp, TargetSint = sint });

    /// <summary>Connects with one channel, opened.</summary>
    public OfferId Opened(ProtocolVersion? version = null, FeatureFlags? features = null, uint vp = 1)
    {
        OfferId offer = Offer();
        Connected(version, features);
        Open(offer, vp: vp);
        return offer;
    }

    public HostOpenRequest Open(OfferId offer, uint relid = 1, uint gpadl = 0xE1E10, uint vp = 1)
    {
        CreateGpadl(offer, gpadl, relid);
        Assert.Equal(MessageFault.None, SendOpen(relid, gpadl, vp: vp));
        HostOpenRequest request = Action<HostAction.Open>().Request;
        Host.CompleteOpen(offer, ChannelMessageStatus.Success);
        Assert.Equal(ChannelMessageStatus.Success, Post<OpenChannelResult>(ChannelMessageType.OpenChannelResult).Status);
        return request;
    }

    public OfferId OpenedReserved()
    {
        OfferId offer = Offer(latency: TimeSpan.FromMicroseconds(100));
        Connected();
        CreateGpadl(offer, 0xE1E10);
        Assert.Equal(MessageFault.None, SendOpenReserved());
        Action<HostAction.Open>();
        Host.CompleteOpen(offer, ChannelMessageStatus.Success);
        Assert.Equal(new MessageTarget(3, 5), Assert.Single(Posts()).Target);
        return offer;
    }

    /// <summary>Does everything a willing driver does, until nothing is left to do.</summary>
    public void DoAll(ChannelMessageStatus status = ChannelMessageStatus.Success)
    {
        while (Host.TryTakeAction(out HostAction action))
            Answer(action, status);
    }

    public void Answer(HostAction action, ChannelMessageStatus status = ChannelMessageStatus.Success)
    {
        if (!HostAnswers.Give(Host, action, status))
            Assert.True(action is HostAction.Offered or HostAction.Released, $"{action} is not answered.");
    }

    public void NothingLeaks()
    {
        Assert.Equal(HostState.Disconnected, Host.State);
        Assert.Equal((0, 0, 0, 0L), (Host.RelidsInUse, Host.MonitorIdsInUse, Host.GpadlCount, Host.GpadlPages));
    }
}
