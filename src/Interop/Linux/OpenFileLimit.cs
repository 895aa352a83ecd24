// How many descriptors this process may have. Mirrors RLIMIT_NOFILE of getrlimit(2).

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>The process's limit of open descriptors: what holds now, and how far a process may raise that itself.</summary>
/// <param name="Soft"><c>rlim_cur</c>.</param>
/// <param name="Hard"><c>rlim_max</c>.</param>
[SupportedOSPlatform("linux")]
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct OpenFileLimit(ulong Soft, ulong Hard)
{
    /// <summary>The limit now.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static unsafe OpenFileLimit Get()
    {
        OpenFileLimit limit;
        return Libc.GetResourceLimit(Libc.LimitOpenFiles, &limit) == 0 ? limit : throw ErrnoException.FromLastCall("getrlimit(RLIMIT_NOFILE)");
    }

    /// <summary>Sets the limit.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static unsafe void Set(OpenFileLimit limit)
    {
        if (Libc.SetResourceLimit(Libc.LimitOpenFiles, &limit) != 0)
            throw ErrnoException.FromLastCall($"setrlimit(RLIMIT_NOFILE) to {limit.Soft} of {limit.Hard}");
    }

    /// <summary>
    /// Raises it as far as the process may by itself: shells give 1024 for programs that use select(2), which is far below what is
    /// allowed. The runtime does so for programs that it compiles, and not for those compiled ahead of time.
    /// </summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static void Raise()
    {
        OpenFileLimit limit = Get();
        if (limit.Soft < limit.Hard)
            Set(limit with { Soft = limit.Hard });
    }
}
