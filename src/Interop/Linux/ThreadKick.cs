// Makes a system call of another thread come back: a signal whose handler does nothing. What QEMU's SIG_IPI is for.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop.Linux;

/// <summary>
/// Interrupts system calls of chosen threads with SIGUSR2, which this process then takes and ignores. Made once and kept
/// as long as threads are to be kicked; thread-safe.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class ThreadKick : IDisposable
{
    private const int UserSignal2 = 12;     // SIGUSR2

    private readonly PosixSignalRegistration _registration =
        PosixSignalRegistration.Create((PosixSignal)UserSignal2, static context => context.Cancel = true);

    private bool _disposed;

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
        // Without the handler the signal would end the process.
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Libc.Syscall(SendToThreadNumber, Environment.ProcessId, thread, UserSignal2) < 0 && Libc.LastError is var error && error != Errno.NoSuchProcess)
            throw new ErrnoException($"tgkill of thread {thread}", error);
    }

    /// <summary>Gives the signal back to its default.</summary>
    public void Dispose()
    {
        _disposed = true;
        _registration.Dispose();
    }
}
