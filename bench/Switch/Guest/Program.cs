// vmbus-switch DISK WARM-UP TIME ROUNDS: in a guest of vmbus host with the module vmbus_signal, every load in both modes, in turn.
// vmbus-switch peer: beside the host, the far end of its network.

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using VmBus.Switch.Guest;

if (args is ["peer"])
    Peer.Run();
if (args is not [string disk, string warmUpSeconds, string timeSeconds, string roundCount])
{
    Console.Error.WriteLine("usage: vmbus-switch DISK WARM-UP TIME ROUNDS | peer");
    return 2;
}

TimeSpan warmUp = TimeSpan.FromSeconds(double.Parse(warmUpSeconds, CultureInfo.InvariantCulture));
TimeSpan time = TimeSpan.FromSeconds(double.Parse(timeSeconds, CultureInfo.InvariantCulture));
int rounds = int.Parse(roundCount, CultureInfo.InvariantCulture);
Console.WriteLine(GuestLine.Facts + JsonSerializer.Serialize(Facts(), GuestJson.Default.GuestFacts));
ILoad[] loads = [new ReadLoad(disk, 1), new ReadLoad(disk, 32), new RoundTripLoad(), new StreamLoad()];
foreach (ILoad load in loads)
{
    Console.WriteLine($"-- {load.Name}");
    var modes = new Dictionary<string, Times> { [GuestLine.Monitored] = new(), [GuestLine.LowLatency] = new() };
    for (int round = 0; round < rounds; round++)
    {
        foreach ((string mode, Times times) in modes)
        {
            SetMode(load.Driver, mode);
            HostCounts.Print($"{GuestLine.Before}{load.Name} {mode}");
            load.Run(warmUp, time, times);
            HostCounts.Print($"{GuestLine.After}{load.Name} {mode}");
        }
    }

    foreach ((string mode, Times times) in modes)
        Console.WriteLine(GuestLine.Result + JsonSerializer.Serialize(times.Result(load.Name, mode), GuestJson.Default.LoadResult));
    Console.WriteLine($"ok {load.Name}");
}

return 0;

static GuestFacts Facts()
{
    const int Readings = 1000;
    long start = Stopwatch.GetTimestamp();
    for (int reading = 0; reading < Readings; reading++)
        _ = Stopwatch.GetTimestamp();
    return new GuestFacts(
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        File.ReadAllText("/sys/devices/system/clocksource/clocksource0/current_clocksource").Trim(),
        Math.Round(Stopwatch.GetElapsedTime(start).TotalNanoseconds / Readings),
        Environment.ProcessorCount);
}

static void SetMode(string driver, string mode)
{
    string[] arguments = ["low-latency", "--all-of", driver];
    using Process process = Process.Start("/bin/vmbus", mode == GuestLine.LowLatency ? arguments : [.. arguments, "--off"]);
    process.WaitForExit();
    if (process.ExitCode != 0)
        throw new InvalidOperationException($"vmbus {string.Join(' ', arguments)} ended with {process.ExitCode}.");
}
