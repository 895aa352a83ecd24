// The number of each channel message. Mirrors enum vmbus_channel_message_type (Linux include/linux/hyperv.h); the
// numbers Linux leaves unnamed and those above 24 are from OpenVMM vmbus_core protocol.rs.

namespace VmBus.Protocol;

/// <summary>The type of a channel message: <c>enum vmbus_channel_message_type</c>, the first field of <see cref="ChannelMessageHeader"/>.</summary>
internal enum ChannelMessageType : uint
{
    /// <summary><c>CHANNELMSG_INVALID</c>: never a message.</summary>
    Invalid = 0,

    /// <summary><c>CHANNELMSG_OFFERCHANNEL</c>: <see cref="Protocol.OfferChannel"/>.</summary>
    OfferChannel = 1,

    /// <summary><c>CHANNELMSG_RESCIND_CHANNELOFFER</c>: <see cref="Protocol.RescindOffer"/>.</summary>
    RescindOffer = 2,

    /// <summary><c>CHANNELMSG_REQUESTOFFERS</c>: <see cref="Protocol.RequestOffers"/>.</summary>
    RequestOffers = 3,

    /// <summary><c>CHANNELMSG_ALLOFFERS_DELIVERED</c>: <see cref="Protocol.AllOffersDelivered"/>.</summary>
    AllOffersDelivered = 4,

    /// <summary><c>CHANNELMSG_OPENCHANNEL</c>: <see cref="Protocol.OpenChannel"/>.</summary>
    OpenChannel = 5,

    /// <summary><c>CHANNELMSG_OPENCHANNEL_RESULT</c>: <see cref="Protocol.OpenChannelResult"/>.</summary>
    OpenChannelResult = 6,

    /// <summary><c>CHANNELMSG_CLOSECHANNEL</c>: <see cref="Protocol.CloseChannel"/>.</summary>
    CloseChannel = 7,

    /// <summary><c>CHANNELMSG_GPADL_HEADER</c>: <see cref="Protocol.GpadlHeader"/>.</summary>
    GpadlHeader = 8,

    /// <summary><c>CHANNELMSG_GPADL_BODY</c>: <see cref="Protocol.GpadlBody"/>.</summary>
    GpadlBody = 9,

    /// <summary><c>CHANNELMSG_GPADL_CREATED</c>: <see cref="Protocol.GpadlCreated"/>.</summary>
    GpadlCreated = 10,

    /// <summary><c>CHANNELMSG_GPADL_TEARDOWN</c>: <see cref="Protocol.GpadlTeardown"/>.</summary>
    GpadlTeardown = 11,

    /// <summary><c>CHANNELMSG_GPADL_TORNDOWN</c>: <see cref="Protocol.GpadlTorndown"/>.</summary>
    GpadlTorndown = 12,

    /// <summary><c>CHANNELMSG_RELID_RELEASED</c>: <see cref="Protocol.RelidReleased"/>.</summary>
    RelidReleased = 13,

    /// <summary><c>CHANNELMSG_INITIATE_CONTACT</c>: <see cref="Protocol.InitiateContact"/>.</summary>
    InitiateContact = 14,

    /// <summary><c>CHANNELMSG_VERSION_RESPONSE</c>: <see cref="Protocol.VersionResponse"/>.</summary>
    VersionResponse = 15,

    /// <summary><c>CHANNELMSG_UNLOAD</c>: <see cref="Protocol.Unload"/>.</summary>
    Unload = 16,

    /// <summary><c>CHANNELMSG_UNLOAD_RESPONSE</c>: <see cref="Protocol.UnloadResponse"/>.</summary>
    UnloadResponse = 17,

    /// <summary><c>CHANNELMSG_18</c>: <see cref="Protocol.OpenReservedChannel"/>.</summary>
    OpenReservedChannel = 18,

    /// <summary><c>CHANNELMSG_19</c>: <see cref="Protocol.CloseReservedChannel"/>.</summary>
    CloseReservedChannel = 19,

    /// <summary><c>CHANNELMSG_20</c>: <see cref="Protocol.CloseReservedChannelResponse"/>.</summary>
    CloseReservedChannelResponse = 20,

    /// <summary><c>CHANNELMSG_TL_CONNECT_REQUEST</c>: <see cref="Protocol.TlConnectRequest"/>.</summary>
    TlConnectRequest = 21,

    /// <summary><c>CHANNELMSG_MODIFYCHANNEL</c>: <see cref="Protocol.ModifyChannel"/>.</summary>
    ModifyChannel = 22,

    /// <summary><c>CHANNELMSG_TL_CONNECT_RESULT</c>: <see cref="Protocol.TlConnectResult"/>.</summary>
    TlConnectResult = 23,

    /// <summary><c>CHANNELMSG_MODIFYCHANNEL_RESPONSE</c>: <see cref="Protocol.ModifyChannelResponse"/>.</summary>
    ModifyChannelResponse = 24,

    /// <summary><see cref="Protocol.ModifyConnection"/>.</summary>
    ModifyConnection = 25,

    /// <summary><see cref="Protocol.ModifyConnectionResponse"/>.</summary>
    ModifyConnectionResponse = 26,

    /// <summary><see cref="Protocol.Pause"/>.</summary>
    Pause = 27,

    /// <summary><see cref="Protocol.PauseResponse"/>.</summary>
    PauseResponse = 28,

    /// <summary><see cref="Protocol.Resume"/>.</summary>
    Resume = 29,
}
