// What poll waits for and what it found. Mirrors POLL* of poll(2).

namespace VmBus.Interop;

/// <summary>What to wait for on a descriptor, and what was found there.</summary>
[Flags]
internal enum PollEvents : short
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary><c>POLLIN</c>: a read would not block: data, end of stream, a connection to accept, a signalled event.</summary>
    In = 0x0001,

    /// <summary><c>POLLPRI</c>: something exceptional; of a sysfs attribute: it changed.</summary>
    Priority = 0x0002,

    /// <summary><c>POLLOUT</c>: a write would not block.</summary>
    Out = 0x0004,

    /// <summary><c>POLLERR</c>: an error is pending. Reported whether asked for or not.</summary>
    Error = 0x0008,

    /// <summary><c>POLLHUP</c>: the peer has closed its end. Reported whether asked for or not.</summary>
    HangUp = 0x0010,

    /// <summary><c>POLLNVAL</c>: the descriptor is not open. Reported whether asked for or not.</summary>
    Invalid = 0x0020,

    /// <summary><c>POLLRDHUP</c>: the peer of a stream socket will send no more.</summary>
    ReadHangUp = 0x2000,
}
