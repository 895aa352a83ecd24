// The calls about time, scheduling and waiting on words of memory.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

internal static unsafe partial class Libc
{
    internal const int ClockMonotonic = 1;                 // CLOCK_MONOTONIC
    internal const int ClockProcessCpuTime = 2;            // CLOCK_PROCESS_CPUTIME_ID
    internal const int ClockThreadCpuTime = 3;             // CLOCK_THREAD_CPUTIME_ID
    internal const int TimerAbsolute = 1;                  // TIMER_ABSTIME

    internal const int ControlSetParentDeathSignal = 1;    // PR_SET_PDEATHSIG
    internal const int ControlGetParentDeathSignal = 2;    // PR_GET_PDEATHSIG
    internal const int ControlSetTimerSlack = 29;          // PR_SET_TIMERSLACK
    internal const int ControlGetTimerSlack = 30;          // PR_GET_TIMERSLACK

    internal const int UsageSelf = 0;                      // RUSAGE_SELF
    internal const int UsageThread = 1;                    // RUSAGE_THREAD

    internal const int LimitOpenFiles = 7;                 // RLIMIT_NOFILE of x64 and arm64

    internal const int FutexWait = 0;                      // FUTEX_WAIT
    internal const int FutexWake = 1;                      // FUTEX_WAKE
    internal const int FutexPrivate = 128;                 // FUTEX_PRIVATE_FLAG

    internal const int SignalStop = 19;                    // SIGSTOP of x64 and arm64

    [LibraryImport(Library, EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int process, int signal);

    [LibraryImport(Library, EntryPoint = "prctl", SetLastError = true)]
    internal static partial int ProcessControl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [LibraryImport(Library, EntryPoint = "sched_yield", SetLastError = true)]
    internal static partial int SchedulerYield();

    [LibraryImport(Library, EntryPoint = "sched_setaffinity", SetLastError = true)]
    internal static partial int SetAffinity(int thread, nuint size, ulong* mask);

    [LibraryImport(Library, EntryPoint = "sched_getaffinity", SetLastError = true)]
    internal static partial int GetAffinity(int thread, nuint size, ulong* mask);

    // Returns the error number instead of leaving it in errno.
    [LibraryImport(Library, EntryPoint = "clock_nanosleep")]
    internal static partial int ClockNanoSleep(int clock, int flags, Timespec* request, Timespec* remaining);

    [LibraryImport(Library, EntryPoint = "clock_gettime", SetLastError = true)]
    internal static partial int ClockGetTime(int clock, Timespec* time);

    [LibraryImport(Library, EntryPoint = "getrusage", SetLastError = true)]
    internal static partial int GetResourceUsage(int who, NativeResourceUsage* usage);

    [LibraryImport(Library, EntryPoint = "getrlimit", SetLastError = true)]
    internal static partial int GetResourceLimit(int resource, OpenFileLimit* limit);

    [LibraryImport(Library, EntryPoint = "setrlimit", SetLastError = true)]
    internal static partial int SetResourceLimit(int resource, OpenFileLimit* limit);

    // No C library wraps futex. Variadic in C, which on Linux x64 and arm64 changes nothing for integers.
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint Syscall(nint number, nint address, nint operation, nint value, Timespec* timeout, nint address2, nint value3);
}
