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
