// What statx writes. Mirrors struct statx (linux/stat.h), of which only the size is read.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct StatxBuffer
{
    [FieldOffset(0)] internal uint Mask;      // stx_mask
    [FieldOffset(28)] internal ushort Mode;   // stx_mode
    [FieldOffset(40)] internal ulong Size;    // stx_size
}
