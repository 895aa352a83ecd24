// Mirrors struct mshv_sint_mask (Linux include/uapi/linux/mshv.h), 8 bytes.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

[StructLayout(LayoutKind.Sequential, Size = 8)]
internal struct MshvSintMask
{
    internal byte Mask;             // mask; reserved[7] follow
}
