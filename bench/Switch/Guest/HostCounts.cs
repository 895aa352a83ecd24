using System.Diagnostics;

namespace VmBus.Switch.Guest;

/// <summary>Has the host print its counters, and waits until it has.</summary>
/// <remarks>
/// The host carries out one command after the other. Behind the one that prints, another offers a device, or takes it back: when
/// the guest's kernel shows that, the counters are printed.
/// </remarks>
internal static class HostCounts
{
    private const string Device = "echo9", Offer = "echo=9";
    private const string Instance = "/sys/bus/vmbus/devices/e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e09";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(200);

    /// <summary>Has them printed behind a line.</summary>
    public static void Print(string line)
    {
        bool isThere = Directory.Exists(Instance);
        Console.WriteLine(line);
        Console.WriteLine("@host status");
        Console.WriteLine(isThere ? $"@host revoke {Device}" : $"@host offer {Offer}");
        for (long start = Stopwatch.GetTimestamp(); Directory.Exists(Instance) == isThere; Thread.Sleep(10))
        {
            if (Stopwatch.GetElapsedTime(start) > Patience)
                throw new TimeoutException("The host does not answer.");
        }
    }
}
