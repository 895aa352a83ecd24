// One direction of the interrupt page (Linux drivers/hv/connection.c: recv_int_page, send_int_page).

using System.Runtime.CompilerServices;

namespace VmBus.Layout;

/// <summary>One half of the interrupt page: 2048 bytes, 16384 bits, bit n for relid n.</summary>
[InlineArray(InterruptPage.WordsPerHalf)]
public struct InterruptPageHalf
{
    private ulong _word0;
}
