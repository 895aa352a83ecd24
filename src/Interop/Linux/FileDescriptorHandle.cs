// An open file descriptor that is closed once, when its last user lets go.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace VmBus.Interop;

/// <summary>An owned Linux file descriptor: closed by <see cref="SafeHandle.Dispose()"/>, and by nothing else.</summary>
/// <remarks>Thread-safe: a call under way on another thread keeps the descriptor open until it returns.</remarks>
[SupportedOSPlatform("linux")]
internal abstract class FileDescriptorHandle : SafeHandleMinusOneIsInvalid
{
    private protected FileDescriptorHandle(int descriptor) : base(ownsHandle: true)
    {
        SetHandle(descriptor);
    }

    /// <summary>
    /// The number of the descriptor, for <see cref="PollFd"/>, for sending it over a <see cref="UnixFdSocket"/>
    /// and for a child process's command line. It stays this handle's property: do not close it, and keep the
    /// handle alive while the number is in use.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The descriptor is closed.</exception>
    public int Descriptor
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (int)handle;
        }
    }

    /// <summary>
    /// Lets child processes inherit the descriptor under the same number (clears <c>FD_CLOEXEC</c>). Every child
    /// started from now on gets it, until the handle is closed.
    /// </summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void MakeInheritable() => SetDescriptorFlags(0);

    private protected void MakeCloseOnExec() => SetDescriptorFlags(Libc.CloseOnExec);

    private void SetDescriptorFlags(int flags)
    {
        if (Libc.Fcntl(this, Libc.FcntlSetDescriptorFlags, flags) < 0)
            throw ErrnoException.FromLastCall($"fcntl(F_SETFD) on descriptor {handle}");
    }

    /// <inheritdoc/>
    // Linux releases the number whatever close answers, so a retry could close a descriptor of other code.
    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0 || Libc.LastError == Errno.Interrupted;
}
