// The socket and poll calls.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

internal static unsafe partial class Libc
{
    internal const int FamilyUnix = 1;                     // AF_UNIX
    internal const int FamilyNetlink = 16;                 // AF_NETLINK
    internal const int FamilyVsock = 40;                   // AF_VSOCK
    internal const int NetlinkKernelEvents = 15;           // NETLINK_KOBJECT_UEVENT
    internal const int SocketDatagram = 2;                 // SOCK_DGRAM
    internal const int SocketNonBlocking = 0x800;          // SOCK_NONBLOCK
    internal const int SocketStream = 1;                   // SOCK_STREAM
    internal const int SocketCloseOnExec = 0x80000;        // SOCK_CLOEXEC
    internal const int LevelSocket = 1;                    // SOL_SOCKET
    internal const int OptionType = 3;                     // SO_TYPE
    internal const int OptionDomain = 39;                  // SO_DOMAIN
    internal const int ControlRights = 1;                  // SCM_RIGHTS
    internal const int MaxRights = 253;                    // SCM_MAX_FD

    internal const int MessageControlTruncated = 0x8;      // MSG_CTRUNC
    internal const int MessageNoSignal = 0x4000;           // MSG_NOSIGNAL
    internal const int MessageCloseOnExec = 0x40000000;    // MSG_CMSG_CLOEXEC

    [LibraryImport(Library, EntryPoint = "socketpair", SetLastError = true)]
    internal static partial int SocketPair(int family, int type, int protocol, int* descriptors);

    [LibraryImport(Library, EntryPoint = "socket", SetLastError = true)]
    internal static partial int Socket(int family, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "bind", SetLastError = true)]
    internal static partial int Bind(SafeHandle socket, UnixSocketAddress* address, uint length);

    [LibraryImport(Library, EntryPoint = "bind", SetLastError = true)]
    internal static partial int Bind(SafeHandle socket, NetlinkAddress* address, uint length);

    [LibraryImport(Library, EntryPoint = "listen", SetLastError = true)]
    internal static partial int Listen(SafeHandle socket, int backlog);

    [LibraryImport(Library, EntryPoint = "accept4", SetLastError = true)]
    internal static partial int Accept(SafeHandle socket, void* address, uint* length, int flags);

    [LibraryImport(Library, EntryPoint = "connect", SetLastError = true)]
    internal static partial int Connect(SafeHandle socket, UnixSocketAddress* address, uint length);

    [LibraryImport(Library, EntryPoint = "getsockopt", SetLastError = true)]
    internal static partial int GetSocketOption(SafeHandle socket, int level, int option, void* value, uint* length);

    [LibraryImport(Library, EntryPoint = "sendmsg", SetLastError = true)]
    internal static partial nint SendMessage(SafeHandle socket, MessageHeader* message, int flags);

    [LibraryImport(Library, EntryPoint = "recvmsg", SetLastError = true)]
    internal static partial nint ReceiveMessage(SafeHandle socket, MessageHeader* message, int flags);

    [LibraryImport(Library, EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Unlink(string path);

    [LibraryImport(Library, EntryPoint = "ppoll", SetLastError = true)]
    internal static partial int Poll(PollFd* descriptors, nuint count, Timespec* timeout, void* signalMask);
}
