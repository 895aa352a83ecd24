// How long the tests wait before they call what they wait for missing.

namespace VmBus.Tests;

/// <summary>
/// Limits of failure: every wait ends on a condition, so only a test that fails ever waits this long. They leave room for a
/// machine that is ten times slower than a quiet one, or has ten times as much to do.
/// </summary>
internal static class Patience
{
    /// <summary>For anything that another thread or process is to do.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>For a compiler that builds a whole program.</summary>
    public static readonly TimeSpan Build = TimeSpan.FromMinutes(30);
}
