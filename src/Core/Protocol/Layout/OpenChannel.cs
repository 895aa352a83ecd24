// The guest opens a channel. Mirrors vmbus_channel_open_channel (Linux include/linux/hyperv.h).

using System.Runtime.InteropServices;
using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary><c>CHANNELMSG_OPENCHANNEL</c> (5), guest to host: answered with <see cref="OpenChannelResult"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenChannel
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.OpenChannel;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 148;

    /// <summary>The value of <see cref="TargetVp"/> that wants no interrupts.</summary>
    public const uint InterruptsDisabled = 0xFFFFFFFF;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;

    /// <summary><c>openid</c>: chosen by the guest, given back in <see cref="OpenChannelResult"/>.</summary>
    public uint OpenId;

    /// <summary><c>ringbuffer_gpadlhandle</c>: the memory of both rings, outgoing first.</summary>
    public uint RingBufferGpadl;

    /// <summary><c>target_vp</c>: the VP that is interrupted; see <see cref="InterruptsDisabled"/>.</summary>
    public uint TargetVp;

    /// <summary>
    /// <c>downstream_ringbuffer_pageoffset</c>: where the host-to-guest ring starts, in 4096-byte pages.
    /// </summary>
    public uint DownstreamPageOffset;

    /// <summary><c>userdata</c>: for the device.</summary>
    public UserDefinedData UserData;
}

// The guest opens a channel and says how it is signalled. Mirrors OpenChannel2 (OpenVMM vmbus_core protocol.rs).
/// <summary>
/// <c>CHANNELMSG_OPENCHANNEL</c> (5) of protocol 6.0 with <see cref="FeatureFlags.GuestSpecifiedSignalParameters"/> or
/// <see cref="FeatureFlags.ChannelInterruptRedirection"/>, guest to host.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenChannel2
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.OpenChannel;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 156;

    /// <summary>The message as older protocols know it, header included.</summary>
    public OpenChannel Open;

    /// <summary>
    /// The connection the guest will signal; valid with <see cref="FeatureFlags.GuestSpecifiedSignalParameters"/>.
    /// </summary>
    public uint ConnectionId;

    /// <summary>
    /// The event flag the host will set; valid with <see cref="FeatureFlags.GuestSpecifiedSignalParameters"/>.
    /// </summary>
    public ushort EventFlag;

    /// <summary>Valid with <see cref="FeatureFlags.ChannelInterruptRedirection"/>.</summary>
    public OpenChannelFlags Flags;
}

// How a channel wants its interrupts. Mirrors OpenChannelFlags (OpenVMM vmbus_core protocol.rs).
/// <summary>The flags of <see cref="OpenChannel2"/>.</summary>
[Flags]
internal enum OpenChannelFlags : ushort
{
    /// <summary>Interrupts go where the connection said.</summary>
    None = 0,

    /// <summary>Interrupts go to the redirected VTL and SINT, when the host redirects.</summary>
    RedirectInterrupt = 1,
}

// The host has opened a channel, or not. Mirrors vmbus_channel_open_result (Linux include/linux/hyperv.h).
/// <summary><c>CHANNELMSG_OPENCHANNEL_RESULT</c> (6), host to guest: the answer to <see cref="OpenChannel"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenChannelResult
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.OpenChannelResult;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 20;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;

    /// <summary><c>openid</c>: as in the request.</summary>
    public uint OpenId;

    /// <summary><c>status</c>: 0 when the channel is open.</summary>
    public ChannelMessageStatus Status;
}

// The guest closes a channel. Mirrors vmbus_channel_close_channel (Linux include/linux/hyperv.h).
/// <summary><c>CHANNELMSG_CLOSECHANNEL</c> (7), guest to host: never answered.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CloseChannel
{
    /// <summary>The number of this message.</summary>
    public const ChannelMessageType MessageType = ChannelMessageType.CloseChannel;

    /// <summary>The size of the message in bytes, header included.</summary>
    public const int Size = 12;

    /// <summary>The message's type and padding.</summary>
    public ChannelMessageHeader Header;

    /// <summary><c>child_relid</c>: the channel.</summary>
    public uint ChildRelid;
}
