// What a channel is for. Mirrors vmbus_channel_offer (Linux include/linux/hyperv.h); the names of its reserved bytes are
// FreeBSD's (chm_chlat, chm_chrev, chm_svrctx_sz of vmbus_chanmsg_choffer).

using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>The offer of a channel: <c>vmbus_channel_offer</c>, 176 bytes, little-endian.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
public struct ChannelOffer
{
    /// <summary>The size of the offer in bytes.</summary>
    public const int Size = 176;

    /// <summary><c>if_type</c>: the class of the device. <see cref="Guid"/> has the byte order of <c>guid_t</c>.</summary>
    [FieldOffset(0)]
    public Guid InterfaceType;

    /// <summary><c>if_instance</c>: which device of the class.</summary>
    [FieldOffset(16)]
    public Guid InterfaceInstance;

    /// <summary>The channel's latency in units of 100 ns (FreeBSD's <c>chm_chlat</c>; reserved to Linux).</summary>
    [FieldOffset(32)]
    public ulong InterruptLatency;

    /// <summary>The channel's revision (FreeBSD's <c>chm_chrev</c>; reserved to Linux).</summary>
    [FieldOffset(40)]
    public uint ChannelRevision;

    /// <summary>The size of the server's context area (FreeBSD's <c>chm_svrctx_sz</c>; reserved to Linux).</summary>
    [FieldOffset(44)]
    public uint ServerContextSize;

    /// <summary><c>chn_flags</c>.</summary>
    [FieldOffset(48)]
    public OfferFlags Flags;

    /// <summary><c>mmio_megabytes</c>: how much memory-mapped I/O space the device needs, in MiB.</summary>
    [FieldOffset(50)]
    public ushort MmioMegabytes;

    /// <summary><c>u.std.user_def</c>: for the device.</summary>
    [FieldOffset(52)]
    internal UserDefinedData UserData;

    /// <summary><c>u.pipe</c>: the same bytes when <see cref="OfferFlags.NamedPipeMode"/> is set.</summary>
    [FieldOffset(52)]
    internal PipeOfferData Pipe;

    /// <summary><c>sub_channel_index</c>: 0 for the primary channel.</summary>
    [FieldOffset(172)]
    public ushort SubchannelIndex;

    /// <summary>How much more memory-mapped I/O space the device could use, in MiB (reserved to Linux).</summary>
    [FieldOffset(174)]
    public ushort MmioMegabytesOptional;

    /// <summary><c>u.std.user_def</c>: 120 bytes for the device.</summary>
    [UnscopedRef]
    public Span<byte> UserBytes => UserData;
}
