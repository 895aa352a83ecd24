// The error numbers that Linux calls used here are known to answer.
// Mirrors E* of <errno.h> (asm-generic/errno-base.h, asm-generic/errno.h: the same on x64 and arm64).

namespace VmBus.Interop;

/// <summary>An error number of a Linux call: <c>errno</c>. Numbers without a name here are kept as they are.</summary>
internal enum Errno
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary><c>EPERM</c>: operation not permitted; also what a seal answers.</summary>
    OperationNotPermitted = 1,

    /// <summary><c>ENOENT</c>: no such file or directory.</summary>
    NoSuchFile = 2,

    /// <summary><c>ESRCH</c>: no such process.</summary>
    NoSuchProcess = 3,

    /// <summary><c>EINTR</c>: a signal handler ran before the call had done anything.</summary>
    Interrupted = 4,

    /// <summary><c>EIO</c>: input/output error.</summary>
    InputOutput = 5,

    /// <summary><c>EBADF</c>: not an open descriptor.</summary>
    BadDescriptor = 9,

    /// <summary><c>ENXIO</c>: no such device or address.</summary>
    NoSuchAddress = 6,

    /// <summary><c>EAGAIN</c>, <c>EWOULDBLOCK</c>: the call would have to wait; of a futex: the word differs.</summary>
    TryAgain = 11,

    /// <summary><c>ENOMEM</c>: out of memory or of mappings.</summary>
    OutOfMemory = 12,

    /// <summary><c>EACCES</c>: permission denied.</summary>
    AccessDenied = 13,

    /// <summary><c>EFAULT</c>: an address is not mapped, or not with that protection.</summary>
    BadAddress = 14,

    /// <summary><c>EBUSY</c>: in use.</summary>
    Busy = 16,

    /// <summary><c>EEXIST</c>: exists already.</summary>
    AlreadyExists = 17,

    /// <summary><c>EXDEV</c>: on another file system; of a path that must stay beneath a folder: it leads out.</summary>
    CrossDevice = 18,

    /// <summary><c>ENODEV</c>: no such device, or a file that cannot be mapped.</summary>
    NoSuchDevice = 19,

    /// <summary><c>ENOTDIR</c>: not a folder.</summary>
    NotFolder = 20,

    /// <summary><c>EISDIR</c>: a folder.</summary>
    IsFolder = 21,

    /// <summary><c>EINVAL</c>: an argument is out of range, or not for this kind of object.</summary>
    InvalidArgument = 22,

    /// <summary><c>ENOTTY</c>: the file knows no such control call.</summary>
    NoSuchControl = 25,

    /// <summary><c>EMFILE</c>: the process has no descriptor left.</summary>
    TooManyDescriptors = 24,

    /// <summary><c>EFBIG</c>: larger than the file system or the process's limit allows.</summary>
    FileTooLarge = 27,

    /// <summary><c>ENOSPC</c>: the disk is full.</summary>
    NoSpace = 28,

    /// <summary><c>EPIPE</c>: the peer has closed its end.</summary>
    BrokenPipe = 32,

    /// <summary><c>ENOSYS</c>: the kernel has no such call.</summary>
    NoSuchCall = 38,

    /// <summary><c>ELOOP</c>: too many symbolic links, or one where none may be.</summary>
    SymbolicLink = 40,

    /// <summary><c>EBADFD</c>: the descriptor is in no state for this call.</summary>
    BadState = 77,

    /// <summary><c>EOPNOTSUPP</c>: not supported by this kind of file, or here.</summary>
    NotSupported = 95,

    /// <summary><c>EADDRINUSE</c>: the name is bound already.</summary>
    AddressInUse = 98,

    /// <summary><c>ECONNRESET</c>: the peer closed its end while data for it lay unread.</summary>
    ConnectionReset = 104,

    /// <summary><c>ENOBUFS</c>: no room; of a netlink socket: messages were lost.</summary>
    NoBuffers = 105,

    /// <summary><c>ENOTCONN</c>: not connected; of a channel: not open.</summary>
    NotConnected = 107,

    /// <summary><c>ETIMEDOUT</c>: the time was up.</summary>
    TimedOut = 110,

    /// <summary><c>ECONNREFUSED</c>: no process listens there.</summary>
    ConnectionRefused = 111,

    /// <summary><c>EDQUOT</c>: the user's share of the disk is used up.</summary>
    QuotaExceeded = 122,
}
