// Hibernation to a swap on a disk of ours, and resumption under another host: S4 as a machine does it that is turned off between.

using System.Globalization;
using VmBus.Linux;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

/// <summary>
/// In the first boot the kernel writes its image through <c>hv_storvsc</c> and turns the machine off. In the second, under another host
/// that offers the same devices in another order, a fresh kernel reads the image back and hands over: this program goes on where it was,
/// with the channels that the first host offered now opened at the second.
/// </summary>
internal sealed class HibernationSteps(VmBusSysfs sysfs, Action echo)
{
    /// <summary>The words of the two boots.</summary>
    public const string HibernateWord = "hibernate", ResumeWord = "resume-image";

    private const string Disk = "/dev/sda", Uio = "/sys/bus/vmbus/drivers/uio_hv_generic";
    private const int Kept = 8 << 20;

    /// <summary>The first boot's step; ends in the second boot, whose host hears the steps behind it.</summary>
    public void Hibernate()
    {
        Until(() => File.Exists(Disk), "the disk becomes no block device");
        Steps.Run("mkswap", Disk);
        Steps.Run("swapon", Disk);
        echo();
        string[] before = Names();
        // Its driver cannot be suspended (EOPNOTSUPP).
        string[] overUio = [.. sysfs.ListDevices().Where(device => device.Driver == "uio_hv_generic").Select(device => device.Name)];
        foreach (string device in overUio)
            File.WriteAllText($"{Uio}/unbind", device);

        byte[] kept = new byte[Kept];
        new Random(Kept).NextBytes(kept);
        string boot = BootId();
        File.WriteAllText("/proc/sys/vm/drop_caches", "3");
        File.WriteAllText("/sys/power/image_size", "0");
        File.WriteAllText("/sys/power/disk", "shutdown");
        Console.WriteLine($"@image-begins {boot}");
        File.WriteAllText("/sys/power/state", "disk");

        // The machine was off.
        Console.WriteLine($"@resumed {BootId()}");
        Steps.Run("sh", "-c", "dmesg | grep -E 'PM: hibernation|PM: Image|vmbus' | tail -n 12");
        byte[] expected = new byte[Kept];
        new Random(Kept).NextBytes(expected);
        Require(kept.AsSpan().SequenceEqual(expected), "what this program had in memory is another");
        foreach (string device in overUio)
            File.WriteAllText($"{Uio}/bind", device);
        string[] after = Names();
        Require(after.SequenceEqual(before), string.Create(CultureInfo.InvariantCulture, $"other devices than before: {string.Join(", ", after)} and not {string.Join(", ", before)}"));
        echo();
        // The swap is written and read once more, through the channels of the new host.
        Steps.Run("swapoff", Disk);
        Steps.Run("mkswap", Disk);
        Steps.Run("swapon", Disk);
        Steps.Run("swapoff", Disk);

        string[] Names() => [.. sysfs.ListDevices().Select(device => $"{device.InstanceId} {device.Driver} {device.Channels.Count}").Order(StringComparer.Ordinal)];
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
}
