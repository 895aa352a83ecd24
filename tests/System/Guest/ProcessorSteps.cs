using System.Globalization;
using System.Text.RegularExpressions;
using VmBus.Linux;

namespace VmBus.SystemTest;

/// <summary>The steps in a guest of several VPs: that the kernel has them all, and that a channel's interrupts go where it asks.</summary>
internal static partial class ProcessorSteps
{
    private const string Processors = "/sys/devices/system/cpu";
    private const int Trips = 500, MostMoves = 1000;

    private static readonly VmBusSysfs Sysfs = new();

    private static int Last => Interrupts().Length - 1;

    /// <summary>The kernel has started every VP, and keeps time by Hyper-V's clock.</summary>
    public static void RequireAll()
    {
        Steps.Run("sh", "-c", "dmesg | grep -iE 'smp: Brought up|hyper-v: |clocksource: Switched|tsc: '");
        int possible = int.Parse(Text($"{Processors}/possible").Split('-')[^1], CultureInfo.InvariantCulture) + 1;
        Require(possible > 1, "the guest has one VP");
        Require(Text($"{Processors}/online") == $"0-{possible - 1}", $"of {possible} VPs {Text($"{Processors}/online")} are there");
        Require(Interrupts().Length == possible, "there are other VPs in /proc/interrupts");
        Console.WriteLine($"{possible} VPs; clock {Text("/sys/devices/system/clocksource/clocksource0/current_clocksource")}");
        foreach (SysfsDevice device in Sysfs.ListDevices())
            Console.WriteLine($"  {device.Class?.Name ?? "unknown"}: {string.Join(", ", device.Channels.Select(channel => $"channel {channel.Relid} VP {channel.VpIndex}"))}");
    }

    /// <summary>A channel is moved: its interrupts come to the other VP, and none is lost while it moves to and fro.</summary>
    public static void Move(Guid instance, VmBusDeviceOptions options)
    {
        string cpu = ProcessorFile(instance);
        int last = Last;
        string? refused = TryWrite(cpu, last);
        Console.WriteLine($"a closed channel: {refused ?? "moved"}");
        Require(refused is not null, "the kernel moved a closed channel");
        using UioDevice uio = UioDevice.Open(Sysfs, instance, options);
        Require(Text(cpu) == "0", "the channel does not begin at VP 0");
        foreach (int vp in new[] { 0, last, 0 })
        {
            Write(cpu, vp);
            RequireInterruptsAt(uio, vp);
        }

        bool ended = false;
        int moves = 0;
        Task moving = Task.Run(() =>
        {
            for (; moves < MostMoves && !Volatile.Read(ref ended); moves++)
                Write(cpu, moves % (last + 1));
        });
        double[] took = OwnHostSteps.RoundTrips(uio.Primary.Channel, 2 * Trips);
        Volatile.Write(ref ended, true);
        moving.Wait();
        OwnHostSteps.Report($"while it moved {moves} times", took);
        Require(moves > 10, "the channel hardly moved");
    }

    /// <summary>A VP is turned off and on: the kernel keeps it while a channel is there, and the host goes on without it.</summary>
    public static void TurnOff(Guid instance, VmBusDeviceOptions options)
    {
        string cpu = ProcessorFile(instance), online = $"{Processors}/cpu{Last}/online";
        int last = Last;
        using UioDevice uio = UioDevice.Open(Sysfs, instance, options);
        Write(cpu, last);
        Console.WriteLine($"VP {last} off, with a channel: {TryWrite(online, 0) ?? "done"}");
        Console.WriteLine($"  the channel is at VP {Text(cpu)}");
        OwnHostSteps.RoundTrips(uio.Primary.Channel, Trips);
        for (int round = 0; round < 2; round++)
        {
            Write(cpu, 0);
            Write(online, 0);
            RequireInterruptsAt(uio, 0);
            string? refused = TryWrite(cpu, last);
            Require(refused is not null, "a channel was moved to a VP that is off");
            Write(online, 1);
            Require(Text(online) == "1", "the VP is not back");
            Write(cpu, last);
            RequireInterruptsAt(uio, last);
            Console.WriteLine($"VP {last} was off (moving there: {refused}) and is back");
        }
    }

    private static void RequireInterruptsAt(UioDevice uio, int vp)
    {
        long[] before = Interrupts();
        OwnHostSteps.RoundTrips(uio.Primary.Channel, Trips);
        // A VP that is off has no column.
        long[] came = [.. Interrupts().Zip(before, (now, then) => now - then)];
        Console.WriteLine($"channel at VP {vp}: {Trips} round trips, interrupts of the hypervisor {string.Join(", ", came.Select((count, index) => $"VP {index}: {count}"))}");
        // The kernel masks the ring while it is read, so not every answer interrupts; the others' are heartbeats and messages.
        Require(came[vp] > Trips / 4, "the interrupts do not come to the VP of the channel");
        Require(came.Where((_, index) => index != vp).All(count => count < Trips / 8), "interrupts come to another VP");
    }

    private static string ProcessorFile(Guid instance) =>
        $"{(Sysfs.FindDevice(instance) ?? throw new FailedException($"there is no device {instance}")).Channels.Single().Path}/cpu";

    private static void Write(string file, int value)
    {
        if (TryWrite(file, value) is { } refused)
            throw new FailedException($"{value} into {file}: {refused}");
    }

    private static string? TryWrite(string file, int value)
    {
        try
        {
            File.WriteAllText(file, $"{value}\n");
            return null;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return refused.Message;
        }
    }

    // The kernel's count of the vector that the SynIC interrupts by, of each VP that is on.
    private static long[] Interrupts() =>
        [.. Count().Matches(File.ReadLines("/proc/interrupts").Single(line => line.TrimStart().StartsWith("HYP:", StringComparison.Ordinal)))
            .Select(count => long.Parse(count.ValueSpan, CultureInfo.InvariantCulture))];

    [GeneratedRegex(@"\b\d+\b")]
    private static partial Regex Count();

    private static string Text(string file) => File.ReadAllText(file).Trim();

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new FailedException(otherwise);
    }
}
