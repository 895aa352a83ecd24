// Mirrors struct mshv_vtl_signal_event (Linux include/uapi/linux/mshv.h), 8 bytes.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct MshvSignalEvent
{
    internal uint ConnectionId;     // connection_id
    internal uint Flag;             // flag
}
