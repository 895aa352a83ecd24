// The shared page that names the channels with news. Mirrors int_page, recv_int_page and send_int_page of
// vmbus_connection (Linux drivers/hv/connection.c); a host of protocol 5.0 or later is not given one.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>The interrupt page: 4096 bytes, a receive half and a send half, from the guest's view. Bit n is relid n.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
public struct InterruptPage
{
    /// <summary>The size of the page in bytes.</summary>
    public const int Size = 4096;

    /// <summary>The size of one half in bytes.</summary>
    public const int HalfSize = Size / 2;

    /// <summary>How many 64-bit words one half has.</summary>
    public const int WordsPerHalf = HalfSize / sizeof(ulong);

    /// <summary>How many relids one half covers.</summary>
    public const int BitsPerHalf = HalfSize * 8;

    /// <summary>Where the receive half starts, in bytes.</summary>
    public const int ReceiveOffset = 0;

    /// <summary>Where the send half starts, in bytes.</summary>
    public const int SendOffset = HalfSize;

    /// <summary>Host to guest: set by the host, cleared by the guest.</summary>
    [FieldOffset(ReceiveOffset)]
    internal InterruptPageHalf Receive;

    /// <summary>Guest to host: set by the guest, cleared by the host.</summary>
    [FieldOffset(SendOffset)]
    internal InterruptPageHalf Send;
}

// One direction of the interrupt page (Linux drivers/hv/connection.c: recv_int_page, send_int_page).
/// <summary>One half of the interrupt page: 2048 bytes, 16384 bits, bit n for relid n.</summary>
[InlineArray(InterruptPage.WordsPerHalf)]
internal struct InterruptPageHalf
{
    private ulong _word0;
}
