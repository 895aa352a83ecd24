// The descriptor of a socket between a machine and its host. Mirrors vsock(7).

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>Makes sockets of a family that the framework cannot name.</summary>
[SupportedOSPlatform("linux")]
internal static class VsockSocket
{
    /// <summary>Makes a stream socket of AF_VSOCK. The caller owns the descriptor.</summary>
    /// <exception cref="ErrnoException">The kernel has none, or refused.</exception>
    public static nint Create()
    {
        int descriptor = Libc.Socket(Libc.FamilyVsock, Libc.SocketStream | Libc.SocketCloseOnExec, 0);
        return descriptor < 0 ? throw ErrnoException.FromLastCall("socket(AF_VSOCK)") : descriptor;
    }
}
