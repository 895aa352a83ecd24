// A counter behind a file descriptor that one side adds to and the other waits on. Mirrors eventfd(2); what UIO,
// KVM (irqfd, ioeventfd, KVM_HYPERV_EVENTFD) and the threads of one process use as a signal.

using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// An <c>eventfd</c>: signals add up in a 64-bit counter, a consumer takes the whole count at once, and the
/// descriptor polls readable while the counter is not zero. Never blocks.
/// </summary>
/// <remarks>
/// Thread-safe; neither <see cref="Signal"/> nor <see cref="TryConsume"/> allocates. Whatever was
/// written to memory before <see cref="Signal"/> is seen by the thread whose <see cref="TryConsume"/> takes it.
/// Not blocking is a property of the open description, which everyone who holds the descriptor shares: a process that was given
/// it could make these calls wait. <see cref="SignalPipe"/> is for signals between processes.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class EventFd : FileDescriptorHandle
{
    private EventFd(int descriptor) : base(descriptor)
    {
    }

    /// <summary>Makes an event with the count 0, closed on exec.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static EventFd Create()
    {
        int descriptor = Libc.EventFd(0, Libc.EventFdCloseOnExec | Libc.EventFdNonBlocking);
        return descriptor < 0 ? throw ErrnoException.FromLastCall("eventfd") : new EventFd(descriptor);
    }

    /// <summary>Adds one to the counter and wakes the threads that wait for it.</summary>
    /// <exception cref="ObjectDisposedException">The descriptor is closed.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public unsafe void Signal()
    {
        ulong one = 1;
        while (Libc.Write(this, &one, sizeof(ulong)) < 0)
        {
            Errno error = Libc.LastError;
            // A counter too full for one more is signalled already.
            if (error == Errno.TryAgain)
                return;
            if (error != Errno.Interrupted)
                ThrowFailed("write to eventfd", error);
        }
    }

    /// <summary>Takes the count and sets the counter back to 0.</summary>
    /// <param name="count">How many signals came since the last time; 0 when none.</param>
    /// <returns>Whether there was a signal.</returns>
    /// <exception cref="ObjectDisposedException">The descriptor is closed.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public unsafe bool TryConsume(out ulong count)
    {
        ulong value;
        while (Libc.Read(this, &value, sizeof(ulong)) < 0)
        {
            Errno error = Libc.LastError;
            if (error == Errno.TryAgain)
            {
                count = 0;
                return false;
            }
            if (error != Errno.Interrupted)
                ThrowFailed("read of eventfd", error);
        }
        count = value;
        return true;
    }

    [DoesNotReturn]
    private static void ThrowFailed(string call, Errno error) => throw new ErrnoException(call, error);
}
