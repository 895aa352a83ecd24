// The guest proposes a protocol version. Mirrors vmbus_channel_initiate_contact (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>
/// <c>CHANNELMSG_INITIATE_CONTACT</c> (14), guest to host: answered with <see cref="VersionResponse"/>. From protocol
/// 5.0 on, <see cref="TargetSint"/>, <see cref="TargetVtl"/> and <see cref="FeatureFlags"/> lie where
/// <see cref="InterruptPage"/> lay before.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal struct InitiateContact
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.InitiateContact;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 40;

    /// <summary>The message's type and padding.</summary>
    [FieldOffset(0)]
    public ChannelMessageHeader Header;

    /// <summary><c>vmbus_version_requested</c>.</summary>
    [FieldOffset(8)]
    public ProtocolVersion VersionRequested;

    /// <summary><c>target_vcpu</c>: the VP that receives the host's messages.</summary>
    [FieldOffset(12)]
    public uint TargetVp;

    /// <summary><c>interrupt_page</c>: the guest physical address of the interrupt page, before protocol 5.0.</summary>
    [FieldOffset(16)]
    public ulong InterruptPage;

    /// <summary><c>msg_sint</c>: the SINT the host's messages go to, from protocol 5.0 on.</summary>
    [FieldOffset(16)]
    public byte TargetSint;

    /// <summary>The VTL the host's messages go to, from protocol 5.0 on.</summary>
    [FieldOffset(17)]
    public byte TargetVtl;

    /// <summary>Zero, from protocol 5.0 on.</summary>
    [FieldOffset(18)]
    public ushort Reserved;

    /// <summary>What the guest supports, from protocol 6.0 on; zero before.</summary>
    [FieldOffset(20)]
    public FeatureFlags FeatureFlags;

    /// <summary>
    /// <c>monitor_page1</c>: the guest physical address of the monitor page from host to guest, or 0.
    /// </summary>
    [FieldOffset(24)]
    public ulong ParentToChildMonitorPage;

    /// <summary>
    /// <c>monitor_page2</c>: the guest physical address of the monitor page from guest to host; 0 exactly when the
    /// other is.
    /// </summary>
    [FieldOffset(32)]
    public ulong ChildToParentMonitorPage;
}

// The guest proposes a protocol version and says who it is. Mirrors InitiateContact2 (OpenVMM vmbus_core protocol.rs).
/// <summary><c>CHANNELMSG_INITIATE_CONTACT</c> (14) with <see cref="FeatureFlags.ClientId"/>, guest to host.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InitiateContact2
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.InitiateContact;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 56;

    /// <summary>The message as older protocols know it, header included.</summary>
    public InitiateContact Contact;

    /// <summary>Which client of the bus this is.</summary>
    public Guid ClientId;
}

// The host answers a proposed protocol version. Mirrors vmbus_channel_version_response (Linux include/linux/hyperv.h).
/// <summary>
/// <c>CHANNELMSG_VERSION_RESPONSE</c> (15), host to guest: the answer to <see cref="InitiateContact"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VersionResponse
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.VersionResponse;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 16;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>version_supported</c>: not 0 when the host speaks the version.</summary>
    public byte VersionSupported;

    /// <summary><c>connection_state</c>: whether the connection stands.</summary>
    public ConnectionState ConnectionState;

    /// <summary>Zero.</summary>
    public ushort Reserved;

    /// <summary>
    /// <c>msg_conn_id</c>: the connection to post further messages to, from protocol 5.0 on; the selected version
    /// before.
    /// </summary>
    public uint ConnectionId;
}

// The host answers a proposed protocol version and its features. Mirrors VersionResponse2 (OpenVMM vmbus_core
// protocol.rs).
/// <summary><c>CHANNELMSG_VERSION_RESPONSE</c> (15) of protocol 6.0, host to guest.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VersionResponse2
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.VersionResponse;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 20;

    /// <summary>The message as older protocols know it, header included.</summary>
    public VersionResponse Response;

    /// <summary>What both sides support.</summary>
    public FeatureFlags SupportedFeatures;
}

// The host answers a proposed protocol version and gives the monitor pages. Mirrors VersionResponse3 (OpenVMM
// vmbus_core protocol.rs).
/// <summary>
/// <c>CHANNELMSG_VERSION_RESPONSE</c> (15) with <see cref="FeatureFlags.ServerSpecifiedMonitorPages"/>, host to guest.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VersionResponse3
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.VersionResponse;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 40;

    /// <summary>The message without the monitor pages, header included.</summary>
    public VersionResponse2 Response;

    /// <summary>Zero.</summary>
    public uint Reserved;

    /// <summary>The guest physical address of the monitor page from host to guest, or 0.</summary>
    public ulong ParentToChildMonitorPage;

    /// <summary>
    /// The guest physical address of the monitor page from guest to host; 0 exactly when the other is.
    /// </summary>
    public ulong ChildToParentMonitorPage;
}

// Whether a connection stands. Mirrors connection_state of vmbus_channel_version_response (Linux include/linux/hyperv.h).
/// <summary>The state of a connection in <see cref="VersionResponse"/> and <see cref="ModifyConnectionResponse"/>.</summary>
internal enum ConnectionState : byte
{
    /// <summary>The connection stands.</summary>
    Successful = 0,

    /// <summary>The host lacks resources.</summary>
    FailedLowResources = 1,

    /// <summary>The host gives no reason.</summary>
    FailedUnknown = 2,
}

// The guest leaves the bus. Mirrors CHANNELMSG_UNLOAD (Linux include/linux/hyperv.h).
/// <summary>
/// <c>CHANNELMSG_UNLOAD</c> (16), guest to host: closes everything; answered with <see cref="UnloadResponse"/>. No
/// body.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Unload
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.Unload;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 8;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;
}

// The host has released everything. Mirrors CHANNELMSG_UNLOAD_RESPONSE (Linux include/linux/hyperv.h).
/// <summary>
/// <c>CHANNELMSG_UNLOAD_RESPONSE</c> (17), host to guest, from protocol 1.1 on: the answer to <see cref="Unload"/>. No
/// body.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UnloadResponse
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.UnloadResponse;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 8;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;
}
