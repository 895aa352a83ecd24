// Offers that come and go while the kernel runs: one at a time, faster than its drivers follow, and many at once.

using System.Diagnostics;
using System.Globalization;
using VmBus.Layout;
using VmBus.Linux;
using static VmBus.SystemTest.OwnHostSteps;
using static VmBus.SystemTest.StockSteps;

namespace VmBus.SystemTest;

internal static class OfferSteps
{
    private const string ConsoleLevels = "/proc/sys/kernel/printk";
    private const int Rounds = 30;
    private const int Many = 60;

    public static void RescindIdle()
    {
        for (int round = 0; round < Rounds; round++)
        {
            Host("offer echo=5,monitor=5ms");
            Until(() => Echoes() == 3, $"offer {round} does not come");
            Host("revoke echo5");
            Until(() => Echoes() == 2, $"offer {round} does not go");
        }
    }

    // The host awaits nothing of the guest: it takes the device of hv_utils away while the driver opens it, negotiates, or answers.
    public static void RescindDriven()
    {
        const int Times = 100;
        // The kernel tells of each probe that fails, and would tell it in the midst of a command.
        string levels = File.ReadAllText(ConsoleLevels);
        File.WriteAllText(ConsoleLevels, "1");
        long start = Stopwatch.GetTimestamp();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"@storm heartbeat {Times}"));
        // The host carries such commands out in order, and the guest handles offers in order.
        Host("offer echo=6");
        Until(() => Echoes() == 3, "the offers do not come to an end");
        TimeSpan taken = Stopwatch.GetElapsedTime(start);
        File.WriteAllText(ConsoleLevels, levels);
        Host("revoke echo6");
        Until(() => Echoes() == 2, "the last offer does not go");
        Until(() => Sysfs.FindDevices(DeviceClass.Heartbeat.Name) is [{ Driver: "hv_utils", Channels.Count: 1 }], "hv_utils has no heartbeat");
        int beats = Beats();
        Until(() => Beats() > beats + 2, "the heart does not beat");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{2 * Times} offers and rescinds in {taken.TotalSeconds:F1} s, {2 * Times / taken.TotalSeconds:F0} a second"));
    }

    public static void OfferMany()
    {
        for (int one = 0; one < Many; one++)
            Host(string.Create(CultureInfo.InvariantCulture, $"offer echo={10 + one},monitor=5ms"));
        Until(() => Echoes() == 2 + Many, "not every offer comes");
        // Some of them are used: kernels such as 6.12 make two network buffers, 47 MiB, for each that is bound. They stay bound
        // until they are rescinded: 5.10 and 6.1 oops over one that was given back (hv_uio_rescind, a NULL dereference).
        foreach (SysfsDevice echo in Sysfs.ListDevices().Where(device => device.ClassId == EchoClass && device.InstanceId != Monitored && device.MonitorId is not null).Take(4).ToArray())
        {
            VmBusBinding.Bind(Sysfs, echo.InstanceId!.Value);
            using UioDevice uio = UioDevice.Open(Sysfs, echo.InstanceId!.Value, Options);
            RoundTrips(uio.Primary.Channel, 20);
        }

        for (int one = 0; one < Many; one++)
            Host(string.Create(CultureInfo.InvariantCulture, $"revoke echo{10 + one}"));
        Until(() => Echoes() == 2, "not every offer goes");
    }

    // By the one file that tells it: all of what sysfs has takes an emulated machine a third of a second.
    private static int Echoes()
    {
        int echoes = 0;
        foreach (string device in Directory.GetDirectories("/sys/bus/vmbus/devices"))
        {
            try
            {
                echoes += Guid.TryParse(File.ReadAllText($"{device}/class_id").Trim(), out Guid id) && id == EchoClass ? 1 : 0;
            }
            catch (IOException)
            {
                // It went while it was looked at.
            }
        }
        return echoes;
    }
}
