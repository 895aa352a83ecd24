// One descriptor to wait for. Mirrors struct pollfd (poll.h), 8 bytes.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>One descriptor of a <see cref="Poll"/> wait: what is waited for, and what was found.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollFd
{
    /// <summary><c>fd</c>: the descriptor; a negative one is passed over. Its handle must be kept alive meanwhile.</summary>
    public int Descriptor;

    /// <summary><c>events</c>: what to wait for.</summary>
    public PollEvents Events;

    /// <summary><c>revents</c>: what was found, set by the call.</summary>
    public PollEvents Returned;

    /// <summary>Names a descriptor and what to wait for.</summary>
    /// <param name="descriptor">The descriptor; a negative one is passed over.</param>
    /// <param name="events">What to wait for.</param>
    public PollFd(int descriptor, PollEvents events)
    {
        Descriptor = descriptor;
        Events = events;
        Returned = PollEvents.None;
    }
}
