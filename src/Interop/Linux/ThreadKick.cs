// Makes a system call of another thread come back: a signal whose handler does nothing. What QEMU's SIG_IPI is for.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// Interrupts system calls of chosen threads with SIGUSR2, which this process takes and ignores from the first such
/// object on, for good. Kept as long as threads are to be kicked; thread-safe.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class ThreadKick : IDisposable
{
    private const int UserSignal2 = 12;     // SIGUSR2

    // Never taken back: a signal is handled later than it arrives, and one without a handler by then ends the process.
    private static readonly PosixSignalRegistration Registration =
        PosixSignalRegistration.Create((PosixSignal)UserSignal2, static context => context.Cancel = true);

    private bool _disposed;

    /// <summary>Has the process take the signal.</summary>
    public ThreadKick() => GC.KeepAlive(Registration);

    private static nint SendToThreadNumber => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 234,            // __NR_tgkill
        Architecture.Arm64 => 131,
        Architecture other => throw new PlatformNotSupportedException($"The number of tgkill on {other} is not known here."),
    };

    /// <summary>The number of the thread that asks, as <see cref="Send"/> takes it.</summary>
    public static int CurrentThread => Libc.GetThreadId();

    /// <summary>Kicks a thread: a system call that it waits in comes back with EINTR.</summary>
    /// <param name="thread">Its number. One that has ended is no error.</param>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void Send(int thread)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Libc.Syscall(SendToThreadNumber, Environment.ProcessId, thread, UserSignal2) < 0 && Libc.LastError is var error && error != Errno.NoSuchProcess)
            throw new ErrnoException($"tgkill of thread {thread}", error);
    }

    /// <summary>Sends no more.</summary>
    public void Dispose() => _disposed = true;
}
