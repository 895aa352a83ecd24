// Mirrors struct mshv_root_hvcall (Linux include/uapi/linux/mshv.h), 32 bytes.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct MshvRootHypercall
{
    internal ushort Code;           // code
    internal ushort Repetitions;    // reps
    internal ushort InputSize;      // in_sz
    internal ushort OutputSize;     // out_sz
    internal ushort Status;         // status
    internal ushort Reserved0;      // rsvd[6]
    internal uint Reserved1;
    internal ulong Input;           // in_ptr
    internal ulong Output;          // out_ptr
}
