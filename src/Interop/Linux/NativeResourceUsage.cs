// What getrusage writes. Mirrors struct rusage (sys/resource.h) and struct timeval on LP64: 144 bytes.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct Timeval
{
    internal long Seconds;         // tv_sec
    internal long Microseconds;    // tv_usec

    internal readonly TimeSpan ToTimeSpan() =>
        new(Seconds * TimeSpan.TicksPerSecond + Microseconds * TimeSpan.TicksPerMicrosecond);
}

[StructLayout(LayoutKind.Sequential)]
internal struct NativeResourceUsage
{
    internal Timeval UserTime;                    // ru_utime
    internal Timeval SystemTime;                  // ru_stime
    internal long MaxResidentKibibytes;           // ru_maxrss
    internal long SharedTextSize;                 // ru_ixrss, unused by Linux as the others so marked
    internal long UnsharedDataSize;               // ru_idrss, unused
    internal long UnsharedStackSize;              // ru_isrss, unused
    internal long MinorFaults;                    // ru_minflt
    internal long MajorFaults;                    // ru_majflt
    internal long Swaps;                          // ru_nswap, unused
    internal long BlockInputs;                    // ru_inblock
    internal long BlockOutputs;                   // ru_oublock
    internal long MessagesSent;                   // ru_msgsnd, unused
    internal long MessagesReceived;               // ru_msgrcv, unused
    internal long SignalsReceived;                // ru_nsignals, unused
    internal long VoluntaryContextSwitches;       // ru_nvcsw
    internal long InvoluntaryContextSwitches;     // ru_nivcsw
}
