using System.Runtime.InteropServices;
using VmBus.Core.Tests.Protocol.Recording;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Core.Tests.Protocol.Descriptions;

/// <summary>A conversation with every message there is, old and new forms, and some that are wrong. Written with the layouts.</summary>
internal static class HandMadeConversation
{
    private static NegotiatedVersion None => default;
    private static readonly NegotiatedVersion Old = new(ProtocolVersion.Ws2008);
    private static readonly NegotiatedVersion New = new(ProtocolVersion.Copper, (FeatureFlags)0xFF);

    private static readonly Guid Endpoint = new("00000400-facb-11e6-bd58-64006a7986d3");
    private static readonly Guid Service = new("11112222-3333-4444-5555-666677778888");

    public static IReadOnlyList<RecordedMessage> Messages { get; } = Make();

    /// <summary>A recording of it, byte for byte the same each time.</summary>
    public static byte[] Recording()
    {
        var clock = new StepClock();
        using var stream = new MemoryStream();
        using var recorder = new ConversationRecorder(stream, clock);
        TimeSpan last = TimeSpan.Zero;
        foreach (RecordedMessage message in Messages)
        {
            clock.Advance((message.Time - last).Ticks);
            last = message.Time;

            // What is not kept of a message is zeros.
            byte[] whole = new byte[message.Length];
            message.Bytes.CopyTo(whole);
            recorder.Observe(message.Direction, whole, message.Negotiated, message.Fault);
        }

        return stream.ToArray();
    }

    private static List<RecordedMessage> Make()
    {
        List<RecordedMessage> messages = [];
        long time = 0;

        // A host of 0.13: the first guess is refused, the offer is short.
        ToHost(None, ChannelMessageType.InitiateContact, new InitiateContact
        {
            VersionRequested = ProtocolVersion.Win10,
            InterruptPage = 0x1000,
            ParentToChildMonitorPage = 0x2000,
            ChildToParentMonitorPage = 0x3000,
        });
        ToGuest(None, ChannelMessageType.VersionResponse, new VersionResponse(), ChannelMessages.FirstVersionResponseSize);
        ToHost(None, ChannelMessageType.InitiateContact, new InitiateContact
        {
            VersionRequested = ProtocolVersion.Ws2008,
            TargetVp = 1,
            InterruptPage = 0x1000,
            ParentToChildMonitorPage = 0x2000,
            ChildToParentMonitorPage = 0x3000,
        });
        ToGuest(None, ChannelMessageType.VersionResponse, new VersionResponse { VersionSupported = 1, ConnectionId = ProtocolVersion.Ws2008.Value });
        ToHost(Old, ChannelMessageType.RequestOffers, default(RequestOffers));
        ToGuest(Old, ChannelMessageType.OfferChannel, new OfferChannel
        {
            Offer = new ChannelOffer { InterfaceType = DeviceClass.Heartbeat.Id, InterfaceInstance = Service },
            ChildRelid = 1,
            MonitorId = 9,
            MonitorFlags = 1,
        }, ChannelMessages.FirstOfferSize);
        ToHost(Old, ChannelMessageType.Unload, default(Unload));

        // 6.0 with all its features.
        ToHost(None, ChannelMessageType.InitiateContact, new InitiateContact2
        {
            Contact = new InitiateContact
            {
                VersionRequested = ProtocolVersion.Copper,
                TargetSint = 2,
                TargetVtl = 1,
                FeatureFlags = (FeatureFlags)0xFF,
                ParentToChildMonitorPage = 0xFFFF_F000,
                ChildToParentMonitorPage = 0x1_0000_0000,
            },
            ClientId = Service,
        });
        ToGuest(None, ChannelMessageType.VersionResponse, new VersionResponse3
        {
            Response = new VersionResponse2
            {
                Response = new VersionResponse { VersionSupported = 1, ConnectionState = ConnectionState.FailedLowResources, ConnectionId = 0x2004 },
                SupportedFeatures = (FeatureFlags)0x80000044,
            },
            ParentToChildMonitorPage = 0x7000,
            ChildToParentMonitorPage = 0x8000,
        });
        ToHost(New, ChannelMessageType.RequestOffers, default(RequestOffers));
        ToGuest(New, ChannelMessageType.OfferChannel, new OfferChannel
        {
            Offer = new ChannelOffer
            {
                InterfaceType = DeviceClass.Network.Id,
                InterfaceInstance = Service,
                InterruptLatency = 1000,
                MmioMegabytes = 8,
                SubchannelIndex = 3,
                Flags = OfferFlags.RequestMonitoredNotification | OfferFlags.EnumerateDeviceInterface | (OfferFlags)0x4000,
                UserData = User(1, 2, 3),
            },
            ChildRelid = 7,
            MonitorId = 12,
            MonitorFlags = 1,
            InterruptFlags = 1,
            ConnectionId = 0x2007,
        });
        ToGuest(New, ChannelMessageType.OfferChannel, new OfferChannel
        {
            Offer = new ChannelOffer
            {
                InterfaceType = Endpoint,
                InterfaceInstance = Service,
                Flags = OfferFlags.NamedPipeMode | OfferFlags.TlnpiProviderOffer,
                Pipe = new PipeOfferData { Mode = PipeMode.Message, Flags = PipeOfferData.GpaDirectFlag },
            },
            ChildRelid = 8,
            MonitorId = 44,
            ConnectionId = 0x2008,
        });
        ToGuest(New, ChannelMessageType.AllOffersDelivered, default(AllOffersDelivered));

        // Two ranges that need a body, then one channel's life.
        byte[] gpadl = ChannelMessages.ToBytes(ChannelMessageType.GpadlHeader, new GpadlHeader { ChildRelid = 7, Gpadl = 0xE1E10, RangeBufferLength = 72, RangeCount = 2 });
        Add(MessageDirection.GuestToHost, New, [.. gpadl, .. Words32(8192, 0), .. Words64(0x100, 0x101), .. Words32(16384, 512), .. Words64(0x200, 0xFFFF_FFFF_FFFF_FFFF)]);
        byte[] body = ChannelMessages.ToBytes(ChannelMessageType.GpadlBody, new GpadlBody { MessageNumber = 1, Gpadl = 0xE1E10 });
        Add(MessageDirection.GuestToHost, New, [.. body, .. Words64(0x202, 0x203, 0x300)]);
        ToGuest(New, ChannelMessageType.GpadlCreated, new GpadlCreated { ChildRelid = 7, Gpadl = 0xE1E10 });
        ToHost(New, ChannelMessageType.OpenChannel, new OpenChannel2
        {
            Open = new OpenChannel { ChildRelid = 7, OpenId = 7, RingBufferGpadl = 0xE1E10, TargetVp = OpenChannel.InterruptsDisabled, DownstreamPageOffset = 2, UserData = User(0xAB) },
            ConnectionId = 0x2100,
            EventFlag = 77,
            Flags = OpenChannelFlags.RedirectInterrupt,
        });
        ToGuest(New, ChannelMessageType.OpenChannelResult, new OpenChannelResult { ChildRelid = 7, OpenId = 7, Status = ChannelMessageStatus.Unsuccessful });
        ToHost(New, ChannelMessageType.ModifyChannel, new ModifyChannel { ChildRelid = 7, TargetVp = 3 });
        ToGuest(New, ChannelMessageType.ModifyChannelResponse, new ModifyChannelResponse { ChildRelid = 7, Status = (ChannelMessageStatus)0xC000000D });
        ToHost(New, ChannelMessageType.CloseChannel, new CloseChannel { ChildRelid = 7 });
        ToHost(New, ChannelMessageType.GpadlTeardown, new GpadlTeardown { ChildRelid = 7, Gpadl = 0xE1E10 });
        ToGuest(New, ChannelMessageType.GpadlTorndown, new GpadlTorndown { Gpadl = 0xE1E10 });
        ToGuest(New, ChannelMessageType.RescindOffer, new RescindOffer { ChildRelid = 7 });
        ToHost(New, ChannelMessageType.RelidReleased, new RelidReleased { ChildRelid = 7 });

        // The rest of the messages.
        ToHost(New, ChannelMessageType.OpenReservedChannel, new OpenReservedChannel { ChildRelid = 20, TargetVp = 1, TargetSint = 7, RingBufferGpadl = 0xE1E11, DownstreamPageOffset = 1 });
        ToHost(New, ChannelMessageType.CloseReservedChannel, new CloseReservedChannel { ChildRelid = 20, TargetVp = 1, TargetSint = 7 });
        ToGuest(New, ChannelMessageType.CloseReservedChannelResponse, new CloseReservedChannelResponse { ChildRelid = 20 });
        ToHost(New, ChannelMessageType.TlConnectRequest, new TlConnectRequest2 { Request = new TlConnectRequest { EndpointId = Service, ServiceId = Endpoint }, SiloId = Service });
        ToGuest(New, ChannelMessageType.TlConnectResult, new TlConnectResult { EndpointId = Service, ServiceId = Endpoint, Status = ChannelMessageStatus.ConnectionRefused });
        ToHost(New, ChannelMessageType.ModifyConnection, new ModifyConnection { ParentToChildMonitorPage = 0x9000, ChildToParentMonitorPage = 0 });
        ToGuest(New, ChannelMessageType.ModifyConnectionResponse, new ModifyConnectionResponse { ConnectionState = ConnectionState.FailedUnknown });
        ToHost(New, ChannelMessageType.Pause, default(Pause));
        ToGuest(New, ChannelMessageType.PauseResponse, default(PauseResponse));
        ToHost(New, ChannelMessageType.Resume, default(Resume));

        // What is wrong: cut, unknown, newer, at the wrong time, too long.
        Add(MessageDirection.GuestToHost, New, [5, 0, 0], MessageFault.TooShort);
        Add(MessageDirection.GuestToHost, New, ChannelMessages.ToBytes(ChannelMessageType.GpadlTeardown, new GpadlTeardown { ChildRelid = 7, Gpadl = 0xE1E10 })[..14], MessageFault.TooShort);
        Add(MessageDirection.HostToGuest, New, [77, 0, 0, 0, 1, 0, 0, 0, 0xDE, 0xAD], MessageFault.UnknownType);
        Add(MessageDirection.GuestToHost, New, [.. ChannelMessages.ToBytes(ChannelMessageType.CloseChannel, new CloseChannel { ChildRelid = 99 }), 1, 2, 3, 4], MessageFault.UnknownTarget);
        Add(MessageDirection.GuestToHost, New, [.. ChannelMessages.ToBytes(ChannelMessageType.Unload), .. new byte[2000]], MessageFault.TooLong);
        ToHost(New, ChannelMessageType.Unload, default(Unload));
        ToGuest(New, ChannelMessageType.UnloadResponse, default(UnloadResponse));
        return messages;

        void ToHost<T>(NegotiatedVersion negotiated, ChannelMessageType type, T message) where T : unmanaged =>
            Add(MessageDirection.GuestToHost, negotiated, ChannelMessages.ToBytes(type, message));

        void ToGuest<T>(NegotiatedVersion negotiated, ChannelMessageType type, T message, int length = -1) where T : unmanaged =>
            Add(MessageDirection.HostToGuest, negotiated, ChannelMessages.ToBytes(type, message, length));

        // Each comes later than twice the time between the two before it, up to a second and a half.
        void Add(MessageDirection direction, NegotiatedVersion negotiated, byte[] bytes, MessageFault fault = MessageFault.None)
        {
            int kept = Math.Min(bytes.Length, RecordedMessage.MaxLength);
            messages.Add(new RecordedMessage(TimeSpan.FromTicks(time), direction, negotiated, fault, bytes.AsMemory(0, kept), bytes.Length));
            time += 5 + ((7L << (messages.Count % 22)) % 15_000_000);
        }
    }

    private static UserDefinedData User(params byte[] bytes)
    {
        UserDefinedData data = default;
        bytes.CopyTo(MemoryMarshal.AsBytes(new Span<UserDefinedData>(ref data)));
        return data;
    }

    private static byte[] Words32(params uint[] words) => MemoryMarshal.AsBytes(words.AsSpan()).ToArray();

    private static byte[] Words64(params ulong[] words) => MemoryMarshal.AsBytes(words.AsSpan()).ToArray();
}
