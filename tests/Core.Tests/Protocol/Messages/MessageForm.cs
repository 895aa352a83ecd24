using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Core.Tests.Protocol.Messages;

/// <summary>A form in which a sender posts a message: its lengths, header included, and the versions it is posted in.</summary>
/// <param name="Type">The message.</param>
/// <param name="Shortest">Its shortest length.</param>
/// <param name="Longest">Its longest length.</param>
/// <param name="Senders">Who posts it so, and where that was read.</param>
/// <param name="Since">The first version it is posted in.</param>
/// <param name="Before">The first version it is posted in no more.</param>
/// <param name="Features">The features of 6.0 it is posted with; other forms are posted without any.</param>
/// <param name="IsLeast">Whether its shortest length is the least that is taken; otherwise another form is shorter, or other rules hold.</param>
internal sealed record MessageForm(
    ChannelMessageType Type, int Shortest, int Longest, string Senders, ProtocolVersion Since, ProtocolVersion Before = default, FeatureFlags Features = FeatureFlags.None,
    bool IsLeast = true)
{
    private const string Guests = "Linux 4.4 to 7.x drivers/hv/{connection,channel,channel_mgmt}.c with include/linux/hyperv.h; FreeBSD vmbus/vmbus_reg.h; OpenVMM vmbus_client";
    private const string OpenVmm = "OpenVMM vmbus_client, vmbus_core/src/protocol.rs";
    private const string Hosts = "Hyper-V, by Linux's channel_message_table (channel_mgmt.c); OpenVMM vmbus_server, vmbus_core/src/protocol.rs; QEMU hw/hyperv/vmbus.c";
    private const string OpenVmmHost = "OpenVMM vmbus_server, vmbus_core/src/protocol.rs";

    // The pages of a GPADL fill messages of 240 bytes: 26 behind the header's range, 28 in a body.
    public static IReadOnlyList<MessageForm> FromGuests { get; } =
    [
        new(ChannelMessageType.InitiateContact, 40, 40, Guests, ProtocolVersion.Ws2008),
        new(ChannelMessageType.InitiateContact, 56, 56, OpenVmm, ProtocolVersion.Copper, Features: FeatureFlags.ClientId),
        new(ChannelMessageType.RequestOffers, 8, 8, Guests, ProtocolVersion.Ws2008),
        new(ChannelMessageType.GpadlHeader, 20 + 8 + 8, 20 + 8 + 26 * 8, Guests, ProtocolVersion.Ws2008, IsLeast: false),
        new(ChannelMessageType.GpadlBody, 16 + 8, 16 + 28 * 8, Guests, ProtocolVersion.Ws2008, IsLeast: false),
        new(ChannelMessageType.GpadlTeardown, 16, 16, Guests, ProtocolVersion.Ws2008),
        // Linux posts no more than this at 6.0 either, whose features it does not ask for.
        new(ChannelMessageType.OpenChannel, 148, 148, Guests, ProtocolVersion.Ws2008),
        new(ChannelMessageType.OpenChannel, 156, 156, OpenVmm, ProtocolVersion.Copper, Features: FeatureFlags.GuestSpecifiedSignalParameters),
        new(ChannelMessageType.OpenChannel, 156, 156, OpenVmm, ProtocolVersion.Copper, Features: FeatureFlags.ChannelInterruptRedirection),
        new(ChannelMessageType.CloseChannel, 12, 12, Guests, ProtocolVersion.Ws2008),
        new(ChannelMessageType.RelidReleased, 12, 12, Guests, ProtocolVersion.Ws2008),
        new(ChannelMessageType.Unload, 8, 8, Guests, ProtocolVersion.Ws2008),
        new(ChannelMessageType.OpenReservedChannel, 28, 28, OpenVmm, ProtocolVersion.Win10),
        new(ChannelMessageType.CloseReservedChannel, 20, 20, OpenVmm, ProtocolVersion.Win10),
        new(ChannelMessageType.TlConnectRequest, 40, 40, "Linux 4.4 to 7.x vmbus_send_tl_connect_request, at every version", ProtocolVersion.Win10),
        new(ChannelMessageType.TlConnectRequest, 56, 56, OpenVmm + "; Windows", ProtocolVersion.Win10Rs5, IsLeast: false),
        new(ChannelMessageType.ModifyChannel, 16, 16, "Linux 5.8 to 7.x vmbus_send_modifychannel; " + OpenVmm, ProtocolVersion.Win10Rs3),
        new(ChannelMessageType.ModifyConnection, 24, 24, OpenVmm, ProtocolVersion.Copper, Features: FeatureFlags.ModifyConnection),
        new(ChannelMessageType.Pause, 8, 8, OpenVmm, ProtocolVersion.Copper, Features: FeatureFlags.PauseResume),
        new(ChannelMessageType.Resume, 8, 8, OpenVmm, ProtocolVersion.Copper, Features: FeatureFlags.PauseResume),
    ];

    public static IReadOnlyList<MessageForm> FromHosts { get; } =
    [
        new(ChannelMessageType.VersionResponse, 10, 10, "QEMU struct vmbus_message_version_response, up to 4.0", ProtocolVersion.Ws2008, ProtocolVersion.Win10Rs3),
        new(ChannelMessageType.VersionResponse, 16, 16, Hosts, ProtocolVersion.Ws2008, ProtocolVersion.Win10Rs3V2, IsLeast: false),
        new(ChannelMessageType.VersionResponse, 16, 16, Hosts, ProtocolVersion.Win10Rs3V2, ProtocolVersion.Copper),
        new(ChannelMessageType.VersionResponse, 20, 20, OpenVmmHost, ProtocolVersion.Copper, IsLeast: false),
        new(ChannelMessageType.VersionResponse, 40, 40, OpenVmmHost, ProtocolVersion.Copper, Features: FeatureFlags.ServerSpecifiedMonitorPages),
        new(ChannelMessageType.OfferChannel, 190, 190, "Windows Server 2008; OpenVMM vmbus_server at 0.13", ProtocolVersion.Ws2008, ProtocolVersion.Win7),
        new(ChannelMessageType.OfferChannel, 196, 196, "QEMU hw/hyperv/vmbus.c at every version", ProtocolVersion.Ws2008, ProtocolVersion.Win7, IsLeast: false),
        new(ChannelMessageType.OfferChannel, 196, 196, Hosts, ProtocolVersion.Win7),
        new(ChannelMessageType.RescindOffer, 12, 12, Hosts, ProtocolVersion.Ws2008),
        new(ChannelMessageType.AllOffersDelivered, 8, 8, Hosts, ProtocolVersion.Ws2008),
        new(ChannelMessageType.GpadlCreated, 20, 20, Hosts, ProtocolVersion.Ws2008),
        new(ChannelMessageType.GpadlTorndown, 12, 12, Hosts, ProtocolVersion.Ws2008),
        new(ChannelMessageType.OpenChannelResult, 20, 20, Hosts, ProtocolVersion.Ws2008),
        new(ChannelMessageType.UnloadResponse, 8, 8, Hosts, ProtocolVersion.Win7),
        new(ChannelMessageType.CloseReservedChannelResponse, 12, 12, OpenVmmHost, ProtocolVersion.Win10),
        new(ChannelMessageType.TlConnectResult, 44, 44, Hosts, ProtocolVersion.Win10Rs3),
        new(ChannelMessageType.ModifyChannelResponse, 16, 16, Hosts, ProtocolVersion.Iron),
        new(ChannelMessageType.ModifyConnectionResponse, 9, 9, OpenVmmHost, ProtocolVersion.Copper, Features: FeatureFlags.ModifyConnection),
        new(ChannelMessageType.PauseResponse, 8, 8, OpenVmmHost, ProtocolVersion.Copper, Features: FeatureFlags.PauseResume),
    ];

    public IEnumerable<NegotiatedVersion> Versions => ProtocolVersion.Known
        .Where(version => version >= Since && (Before == default || version < Before))
        .Select(version => new NegotiatedVersion(version, version >= ProtocolVersion.Copper ? Features : FeatureFlags.None));

    public override string ToString() => $"{Type}, {Shortest} to {Longest} bytes from {Since} on{(Features == FeatureFlags.None ? "" : $" with {Features}")}";
}
