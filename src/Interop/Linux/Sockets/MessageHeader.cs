// What sendmsg and recvmsg take. Mirrors struct msghdr of the C library on LP64 (glibc and musl agree: the padding
// that musl spells out is where glibc's size_t has its upper, zero, half), struct iovec, and struct cmsghdr.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    internal void* Name;            // msg_name
    internal uint NameLength;       // msg_namelen
    internal IoVector* Vectors;     // msg_iov
    internal nuint VectorCount;     // msg_iovlen
    internal void* Control;         // msg_control
    internal nuint ControlLength;   // msg_controllen
    internal int Flags;             // msg_flags
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector
{
    internal void* Base;      // iov_base
    internal nuint Length;    // iov_len
}

[StructLayout(LayoutKind.Sequential)]
internal struct ControlMessageHeader
{
    internal nuint Length;    // cmsg_len: this header and the data behind it, without padding
    internal int Level;       // cmsg_level
    internal int Type;        // cmsg_type

    // CMSG_ALIGN on LP64: the next control message begins at a multiple of 8.
    internal static int Align(int length) => (length + 7) & ~7;

    // CMSG_LEN and CMSG_SPACE of a message with this many descriptors. The header is 16 bytes, aligned already.
    internal static unsafe int LengthOf(int descriptors) => sizeof(ControlMessageHeader) + descriptors * sizeof(int);

    internal static int SpaceOf(int descriptors) => Align(LengthOf(descriptors));
}
