using Microsoft.Extensions.Time.Testing;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.Guest;

/// <summary>A guest, and a host that says what the test makes it say.</summary>
internal sealed class ScriptedHost
{
    public const uint MessageConnection = 0x1234;
    public static readonly Guid NetworkClass = new("f8615163-df3e-46c5-913f-f2d2f965ed0e");
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    public static readonly GuestPages Pages = new(0x1000, 0x2000, 0x3000);

    public ScriptedHost(GuestProtocolOptions? options = null) => Guest = new GuestProtocol(options ?? new GuestProtocolOptions(), Clock);

    public FakeTimeProvider Clock { get; } = new();

    public GuestProtocol Guest { get; }

    /// <summary>A guest that is connected, with every feature both know.</summary>
    public static ScriptedHost Connected(ProtocolVersion version, FeatureFlags features = (FeatureFlags)0xFF, GuestProtocolOptions? options = null)
    {
        var host = new ScriptedHost((options ?? new GuestProtocolOptions()) with { Versions = [version], Features = version >= ProtocolVersion.Copper ? features : FeatureFlags.None });
        host.Guest.Connect(Pages);
        host.Posted(ChannelMessageType.InitiateContact);
        host.Accept(version, features);
        host.Event<GuestEvent.Connected>();
        return host;
    }

    public void Accept(ProtocolVersion version, FeatureFlags features = FeatureFlags.None, ulong serverPages = 0x7000)
    {
        var response = new VersionResponse { VersionSupported = 1, ConnectionId = version >= ProtocolVersion.Win10Rs3V2 ? MessageConnection : version.Value };
        if (version < ProtocolVersion.Copper)
            Send(VersionResponse.MessageType, response);
        else if ((features & FeatureFlags.ServerSpecifiedMonitorPages) == 0)
            Send(VersionResponse.MessageType, new VersionResponse2 { Response = response, SupportedFeatures = features });
        else
            Send(VersionResponse.MessageType, new VersionResponse3 { Response = new() { Response = response, SupportedFeatures = features }, ParentToChildMonitorPage = serverPages, ChildToParentMonitorPage = serverPages + 0x1000 });
    }

    public void Refuse(ConnectionState? state = null, int length = VersionResponse.Size) => Send(
        VersionResponse.MessageType, new VersionResponse { VersionSupported = (byte)(state is null ? 0 : 1), ConnectionState = state ?? default }, length);

    public static byte[] OfferBytes(uint relid, ushort subchannel = 0, Guid? instance = null, OfferFlags flags = 0, Guid? type = null, byte? monitor = 5, int length = OfferChannel.Size) =>
        ChannelMessages.ToBytes(OfferChannel.MessageType, new OfferChannel
        {
            Offer = new ChannelOffer
            {
                InterfaceType = type ?? NetworkClass,
                InterfaceInstance = instance ?? new Guid((int)relid, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
                SubchannelIndex = subchannel,
                Flags = flags,
                InterruptLatency = 1000,
                MmioMegabytes = 8,
            },
            ChildRelid = relid,
            MonitorId = monitor ?? 0,
            MonitorFlags = (byte)(monitor is null ? 0 : 1),
            InterruptFlags = 1,
            ConnectionId = 0x20000 + relid,
        }, length);

    public GuestOffer Offer(uint relid, ushort subchannel = 0, Guid? instance = null, OfferFlags flags = 0, Guid? type = null, byte? monitor = 5)
    {
        Say(OfferBytes(relid, subchannel, instance, flags, type, monitor));
        return Event<GuestEvent.Offered>().Offer;
    }

    public void Rescind(uint relid) => Send(RescindOffer.MessageType, new RescindOffer { ChildRelid = relid });

    public void Created(uint relid, uint gpadl, ChannelMessageStatus status = ChannelMessageStatus.Success) =>
        Send(GpadlCreated.MessageType, new GpadlCreated { ChildRelid = relid, Gpadl = gpadl, Status = status });

    public void TornDown(uint gpadl) => Send(GpadlTorndown.MessageType, new GpadlTorndown { Gpadl = gpadl });

    public void Opened(uint relid, ChannelMessageStatus status = ChannelMessageStatus.Success, uint? openId = null) =>
        Send(OpenChannelResult.MessageType, new OpenChannelResult { ChildRelid = relid, OpenId = openId ?? relid, Status = status });

    /// <summary>An offered channel with a GPADL the host has taken.</summary>
    public uint OfferWithGpadl(uint relid, ushort subchannel = 0, Guid? instance = null)
    {
        Offer(relid, subchannel, instance);
        uint gpadl = Guest.CreateGpadl(relid, [GpadlRange.OfPages(0x100000, 4)]);
        Posted(ChannelMessageType.GpadlHeader);
        Created(relid, gpadl);
        Assert.True(Event<GuestEvent.GpadlCreated>().Result.IsSuccess);
        return gpadl;
    }

    /// <summary>A channel that is open.</summary>
    public uint Open(uint relid, uint targetVp = 0)
    {
        uint gpadl = OfferWithGpadl(relid);
        Guest.Open(relid, new GuestOpenRequest { Gpadl = gpadl, DownstreamPageOffset = 2, TargetVp = targetVp });
        Posted(ChannelMessageType.OpenChannel);
        Opened(relid);
        Assert.True(Event<GuestEvent.Opened>().Result.IsSuccess);
        return gpadl;
    }

    public void Pause()
    {
        Guest.Pause();
        Posted(ChannelMessageType.Pause);
        Send(ChannelMessageType.PauseResponse);
        Assert.True(Event<GuestEvent.Paused>().Result.IsSuccess);
    }

    public void Send<T>(ChannelMessageType type, T message, int length = -1) where T : unmanaged => Say(ChannelMessages.ToBytes(type, message, length));

    public void Send(ChannelMessageType type) => Say(ChannelMessages.ToBytes(type));

    /// <summary>Says something the guest takes.</summary>
    public void Say(byte[] message) => Drop(MessageFault.None, message);

    /// <summary>Says something the guest drops.</summary>
    public void Drop(MessageFault fault, byte[] message)
    {
        long before = Guest.Faults[fault];
        Assert.Equal(fault, Guest.Receive(message));
        Assert.Equal(before + (fault == MessageFault.None ? 0 : 1), Guest.Faults[fault]);
    }

    public void Drop<T>(MessageFault fault, ChannelMessageType type, T message) where T : unmanaged => Drop(fault, ChannelMessages.ToBytes(type, message));

    /// <summary>The next message, which is posted.</summary>
    public QueuedMessage Posted(ChannelMessageType type, HypercallStatus status = HypercallStatus.Success)
    {
        Assert.True(Guest.TryPeekPost(out QueuedMessage message), $"{type} is not posted");
        Assert.Equal(type, message.Type);
        Guest.CompletePost(status);
        return message;
    }

    public T Posted<T>(ChannelMessageType type, HypercallStatus status = HypercallStatus.Success) where T : unmanaged => ChannelMessages.Read<T>(Posted(type, status).Bytes.Span);

    public void PostsNothing() => Assert.False(Guest.TryPeekPost(out QueuedMessage message), $"{message?.Type} is posted");

    public T Event<T>() where T : GuestEvent
    {
        Assert.True(Guest.TryTakeEvent(out GuestEvent next), $"no {typeof(T).Name}");
        return Assert.IsType<T>(next);
    }

    public void NoEvent() => Assert.False(Guest.TryTakeEvent(out GuestEvent next), $"{next}");

    public void Expire()
    {
        Clock.Advance(Patience);
        Guest.Elapse();
    }
}
