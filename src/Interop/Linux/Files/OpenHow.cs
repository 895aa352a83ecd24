// How openat2 opens. Mirrors struct open_how (linux/openat2.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct OpenHow
{
    internal ulong Flags;      // flags: O_*
    internal ulong Mode;       // mode
    internal ulong Resolve;    // resolve: RESOLVE_*
}
