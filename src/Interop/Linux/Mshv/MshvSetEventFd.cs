// Mirrors struct mshv_vtl_set_eventfd (Linux include/uapi/linux/mshv.h), 8 bytes.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct MshvSetEventFd
{
    internal int Descriptor;        // fd, -1 for none
    internal uint Flag;             // flag
}
