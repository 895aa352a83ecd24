// Stopping as a shell's job. Mirrors kill(2) with SIGSTOP, as a program that has the screen does on SIGTSTP.

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>What a process of a shell does when Ctrl-Z is pressed.</summary>
[SupportedOSPlatform("linux")]
internal static class JobControl
{
    /// <summary>
    /// Stops this process, all its threads, until it receives <c>SIGCONT</c>: a shell's <c>fg</c>. Where a handler for
    /// <c>SIGTSTP</c> is registered the runtime does not stop it by itself.
    /// </summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static void StopProcess()
    {
        if (Libc.Kill(Environment.ProcessId, Libc.SignalStop) < 0)
            throw ErrnoException.FromLastCall("kill(SIGSTOP)");
    }
}
