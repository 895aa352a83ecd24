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
