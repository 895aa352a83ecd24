// CPU time as the operating system counts it.

using VmBus.Interop;

namespace VmBus.Tool;

/// <summary>CPU time of the calling thread and of the process.</summary>
internal static class CpuClock
{
    /// <summary>User and system time of the calling thread; zero where the system does not tell.</summary>
    public static TimeSpan Thread() => OperatingSystem.IsLinux() ? ThreadScheduling.ThreadCpuTime() : TimeSpan.Zero;

    /// <summary>User and system time of the process.</summary>
    public static TimeSpan Process() => Environment.CpuUsage.TotalTime;
}
