// Sleeps until another thread or process says that a word of memory changed. Mirrors futex(2), FUTEX_WAIT and
// FUTEX_WAKE.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// Waits on a 32-bit word, and wakes those who wait. The private calls reach the threads of this process only and
/// are faster; the shared ones reach every process that maps the same memory.
/// </summary>
/// <remarks>
/// The word must not move while anyone waits on it: mapped memory, or a pinned object. The kernel compares it and
/// goes to sleep as one step, so a <c>Wake</c> after a change is never missed. Nothing allocates; a wait and a wake
/// of the same kind belong together, as a private wake does not reach a shared wait.
/// </remarks>
[SupportedOSPlatform("linux")]
internal static class Futex
{
    // __NR_futex: x86-64 has its own table, the newer architectures share one.
    internal static readonly nint Number = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 202,
        Architecture.Arm64 => 98,
        _ => 0,
    };

    /// <summary>Sleeps while the word has the expected value, until a <see cref="Wake"/> in this process.</summary>
    /// <param name="address">The address of the word, a multiple of 4.</param>
    /// <param name="expected">The value with which to sleep; with any other the call returns at once.</param>
    /// <param name="timeout">The longest time to sleep; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <exception cref="ArgumentException">The address is null or not a multiple of 4, or the time negative.</exception>
    /// <exception cref="PlatformNotSupportedException">Neither x64 nor arm64.</exception>
    /// <exception cref="ErrnoException"><see cref="Errno.BadAddress"/> when the word cannot be read.</exception>
    public static FutexResult Wait(nint address, int expected, TimeSpan timeout) =>
        WaitOn(Libc.FutexWait | Libc.FutexPrivate, address, expected, timeout);

    /// <summary>
    /// Sleeps while the word has the expected value, until a <see cref="WakeShared"/> in any process that maps it.
    /// </summary>
    /// <inheritdoc cref="Wait(nint, int, TimeSpan)"/>
    public static FutexResult WaitShared(nint address, int expected, TimeSpan timeout) =>
        WaitOn(Libc.FutexWait, address, expected, timeout);

    /// <summary>Wakes threads of this process that sleep in <see cref="Wait(nint, int, TimeSpan)"/> on the word.</summary>
    /// <param name="address">The address of the word, a multiple of 4.</param>
    /// <param name="count">How many to wake at most; <see cref="int.MaxValue"/> for all.</param>
    /// <returns>How many were woken.</returns>
    /// <exception cref="ArgumentException">The address is null or not a multiple of 4, or the count not positive.</exception>
    /// <exception cref="PlatformNotSupportedException">Neither x64 nor arm64.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static int Wake(nint address, int count) => WakeOn(Libc.FutexWake | Libc.FutexPrivate, address, count);

    /// <summary>Wakes threads of any process that sleep in <see cref="WaitShared"/> on the word.</summary>
    /// <inheritdoc cref="Wake(nint, int)"/>
    public static int WakeShared(nint address, int count) => WakeOn(Libc.FutexWake, address, count);

    private static unsafe FutexResult WaitOn(int operation, nint address, int expected, TimeSpan timeout)
    {
        CheckAddress(address);
        Timespec.CheckTimeout(timeout, nameof(timeout));
        Timespec time = Timespec.From(timeout);
        Timespec* limit = timeout == Timeout.InfiniteTimeSpan ? null : &time;
        if (Libc.Syscall(Number, address, operation, expected, limit, 0, 0) >= 0)
            return FutexResult.Woken;
        return Libc.LastError switch
        {
            Errno.TryAgain => FutexResult.ValueDiffered,
            Errno.TimedOut => FutexResult.TimedOut,
            Errno.Interrupted => FutexResult.Interrupted,
            Errno error => throw new ErrnoException($"futex wait on 0x{address:X}", error),
        };
    }

    private static unsafe int WakeOn(int operation, nint address, int count)
    {
        CheckAddress(address);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        nint woken = Libc.Syscall(Number, address, operation, count, null, 0, 0);
        return woken < 0 ? throw ErrnoException.FromLastCall($"futex wake on 0x{address:X}") : (int)woken;
    }

    private static void CheckAddress(nint address)
    {
        if (Number == 0)
            throw new PlatformNotSupportedException($"The number of the futex call on {RuntimeInformation.ProcessArchitecture} is not known here.");
        if (address == 0 || address % sizeof(int) != 0)
            throw new ArgumentException($"A futex word at 0x{address:X} is not at a multiple of {sizeof(int)}.", nameof(address));
    }
}
