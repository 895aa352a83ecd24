// The device's bytes in the offer of a pipe-mode channel. Mirrors u.pipe of vmbus_channel_offer
// (Linux include/linux/hyperv.h); the flags at its end are from OpenVMM vmbus_core protocol.rs.

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>The user data of a pipe-mode channel's offer: 120 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal struct PipeOfferData
{
    /// <summary>The size of the data in bytes.</summary>
    public const int Size = 120;

    /// <summary>Bit 0 of <see cref="Flags"/>: GPA-direct transfers are allowed.</summary>
    public const uint GpaDirectFlag = 1;

    /// <summary><c>pipe_mode</c>.</summary>
    [FieldOffset(0)]
    public PipeMode Mode;

    /// <summary>See <see cref="GpaDirectFlag"/>.</summary>
    [FieldOffset(116)]
    public uint Flags;
}
