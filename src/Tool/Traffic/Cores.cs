// Which core each end of a channel runs on.

using VmBus.Interop;

namespace VmBus.Tool;

/// <summary>
/// Keeps guest and host on a core each, as their virtual processors would be, and the scan on the host's. Left alone, the scheduler of a machine with
/// two cores puts them together as often as not, and then one waits for the other's time slice to end, which is longer
/// than anything measured here.
/// </summary>
internal static class Cores
{
    /// <summary>Keeps the calling thread to the guest's core: the first this process may use.</summary>
    public static void TakeGuest() => Take(first: true);

    /// <summary>Keeps the calling thread to the host's core: the last this process may use.</summary>
    public static void TakeHost() => Take(first: false);

    private static void Take(bool first)
    {
        if (!OperatingSystem.IsLinux())
            return;
        int[] allowed = ThreadScheduling.GetAffinity();
        if (allowed.Length > 1)
            ThreadScheduling.SetAffinity([first ? allowed[0] : allowed[^1]]);
    }
}
