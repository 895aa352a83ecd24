// Hibernation: with the image in memory, and to a swap on a disk of ours with resumption under another host, as by a machine that is
// turned off in between.

using System.Diagnostics;
using System.Globalization;
using VmBus.Linux;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

/// <summary>
/// To a disk: in the first boot the kernel writes its image through <c>hv_storvsc</c> and turns the machine off. In the second, under another host
/// that offers the same devices in another order, a fresh kernel reads the image back and hands over: this program goes on where it was,
/// with the channels that the first host offered now opened at the second.
/// </summary>
internal sealed class HibernationSteps(VmBusSysfs sysfs, Action<int> echo)
{
    /// <summary>The words of the two boots.</summary>
    public const string HibernateWord = "hibernate", ResumeWord = "resume-image";

    private const string Disk = "/dev/sda", Uio = "/sys/bus/vmbus/drivers/uio_hv_generic";
    private const int Kept = 8 << 20;

    /// <summary>
    /// With the image in memory: the kernel closes its channels and unloads the bus, takes the image, and connects; then once more, for
    /// what was in the image: that goes on as it was at the first unload, with a host that has since had another contact.
    /// </summary>
    public void HibernateInMemory()
    {
        if (!File.Exists("/dev/snapshot"))
        {
            Console.WriteLine("skipped: this kernel does not hibernate");
            return;
        }

        Across(() =>
        {
            long start = Stopwatch.GetTimestamp();
            Steps.Run("/bin/vmbus-hibernate");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"resumed; this side knows of {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s"));
            Steps.Run("sh", "-c", "dmesg | grep -E 'PM: hibernation|CPU[0-9]* is up' | tail -n 12");
        });
        echo(20);
    }

    /// <summary>With the image on a disk, in the first boot: ends in the second, whose host hears the steps behind it.</summary>
    public void HibernateToDisk()
    {
        Until(() => File.Exists(Disk), "the disk becomes no block device");
        Steps.Run("mkswap", Disk);
        Steps.Run("swapon", Disk);
        echo(200);
        byte[] kept = new byte[Kept], expected = new byte[Kept];
        new Random(Kept).NextBytes(kept);
        Across(() =>
        {
            File.WriteAllText("/sys/power/image_size", "0");
            File.WriteAllText("/sys/power/disk", "shutdown");
            Console.WriteLine($"@image-begins {BootId()}");
            File.WriteAllText("/sys/power/state", "disk");
            // The machine was off.
            Console.WriteLine($"@resumed {BootId()}");
            Steps.Run("sh", "-c", "dmesg | grep -E 'PM: hibernation|PM: Image|vmbus' | tail -n 12");
        });
        new Random(Kept).NextBytes(expected);
        Require(kept.AsSpan().SequenceEqual(expected), "what this program had in memory is another");
        echo(200);
        // The swap is written and read once more, through the channels of the new host.
        Steps.Run("swapoff", Disk);
        Steps.Run("mkswap", Disk);
        Steps.Run("swapon", Disk);
        Steps.Run("swapoff", Disk);

        static string BootId() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
    }

    /// <summary>The second boot's step: does not come back when the image is there.</summary>
    public static void Resume()
    {
        Until(() => File.Exists(Disk), "the disk becomes no block device");
        Console.WriteLine($"@image-read {File.ReadAllText("/sys/class/block/sda/dev").Trim()}");
        File.WriteAllText("/sys/power/resume", File.ReadAllText("/sys/class/block/sda/dev").Trim());
        throw new FailedException("the kernel finds no image");
    }

    // Channels are found again by the names of their offers. UIO's driver cannot be suspended (EOPNOTSUPP); newer kernels give it file
    // copies.
    private void Across(Action sleep)
    {
        string[] before = Names();
        string[] overUio = [.. sysfs.ListDevices().Where(device => device.Driver == "uio_hv_generic").Select(device => device.Name)];
        foreach (string device in overUio)
            File.WriteAllText($"{Uio}/unbind", device);
        File.WriteAllText("/proc/sys/vm/drop_caches", "3");
        sleep();
        int beats = StockSteps.Beats();
        Until(() => StockSteps.Beats() > beats, "the heart does not beat again");
        foreach (string device in overUio)
            File.WriteAllText($"{Uio}/bind", device);
        string[] after = Names();
        Require(after.SequenceEqual(before), $"other devices than before: {string.Join(", ", after)} and not {string.Join(", ", before)}");

        string[] Names() => [.. sysfs.ListDevices().Select(device => $"{device.InstanceId} {device.Driver} {device.Channels.Count}").Order(StringComparer.Ordinal)];
    }
}
