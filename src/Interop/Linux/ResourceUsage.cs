// What a thread or the process has used of the machine. Mirrors getrusage(2).

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>What a thread or the whole process has used so far: times, context switches and page faults.</summary>
/// <param name="UserTime"><c>ru_utime</c>: time on a CPU in user mode. The kernel's accounting decides how fine.</param>
/// <param name="SystemTime"><c>ru_stime</c>: time on a CPU in the kernel.</param>
/// <param name="VoluntaryContextSwitches"><c>ru_nvcsw</c>: how often it gave the CPU up to wait for something.</param>
/// <param name="InvoluntaryContextSwitches"><c>ru_nivcsw</c>: how often the CPU was taken from it.</param>
/// <param name="MinorFaults"><c>ru_minflt</c>: page faults met without reading from a device.</param>
/// <param name="MajorFaults"><c>ru_majflt</c>: page faults that read from a device.</param>
[SupportedOSPlatform("linux")]
internal readonly record struct ResourceUsage(
    TimeSpan UserTime,
    TimeSpan SystemTime,
    long VoluntaryContextSwitches,
    long InvoluntaryContextSwitches,
    long MinorFaults,
    long MajorFaults)
{
    /// <summary>What the calling thread has used (<c>RUSAGE_THREAD</c>).</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static ResourceUsage OfThread() => Of(Libc.UsageThread, "RUSAGE_THREAD");

    /// <summary>What all threads of the process have used, those ended included (<c>RUSAGE_SELF</c>).</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static ResourceUsage OfProcess() => Of(Libc.UsageSelf, "RUSAGE_SELF");

    /// <summary>What was used between two readings.</summary>
    /// <param name="later">The later reading.</param>
    /// <param name="earlier">The earlier reading of the same thread or process.</param>
    public static ResourceUsage operator -(ResourceUsage later, ResourceUsage earlier) => Subtract(later, earlier);

    /// <inheritdoc cref="op_Subtraction"/>
    public static ResourceUsage Subtract(ResourceUsage later, ResourceUsage earlier) => new(
        later.UserTime - earlier.UserTime,
        later.SystemTime - earlier.SystemTime,
        later.VoluntaryContextSwitches - earlier.VoluntaryContextSwitches,
        later.InvoluntaryContextSwitches - earlier.InvoluntaryContextSwitches,
        later.MinorFaults - earlier.MinorFaults,
        later.MajorFaults - earlier.MajorFaults);

    private static unsafe ResourceUsage Of(int who, string name)
    {
        NativeResourceUsage usage;
        if (Libc.GetResourceUsage(who, &usage) < 0)
            throw ErrnoException.FromLastCall($"getrusage({name})");
        return new(
            usage.UserTime.ToTimeSpan(),
            usage.SystemTime.ToTimeSpan(),
            usage.VoluntaryContextSwitches,
            usage.InvoluntaryContextSwitches,
            usage.MinorFaults,
            usage.MajorFaults);
    }
}
