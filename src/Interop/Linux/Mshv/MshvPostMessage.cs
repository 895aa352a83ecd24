// Mirrors struct mshv_vtl_sint_post_msg (Linux include/uapi/linux/mshv.h), 24 bytes.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct MshvPostMessage
{
    internal ulong MessageType;     // message_type
    internal uint ConnectionId;     // connection_id
    internal uint PayloadSize;      // payload_size
    internal ulong Payload;         // payload_ptr
}
