// Packets between two processes, every byte of them checked, half each way, while the guest's mode changes all the time.
//
//     VmBus.TwoProcesses COUNT

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.InMemory;
using VmBus.TwoProcesses;

[assembly: SupportedOSPlatform("linux")]

if (args is ["guest", var where, var half])
{
    using SharedGuest guest = await SharedGuest.ConnectAsync(where);
    await Traffic.RunAsync(guest.Channel, "guest", long.Parse(half, CultureInfo.InvariantCulture), changesMode: true);
    return 0;
}

if (args is not [var count])
{
    Console.Error.WriteLine("usage: VmBus.TwoProcesses COUNT");
    return 2;
}

long packets = long.Parse(count, CultureInfo.InvariantCulture) / 2;
string path = Path.Combine(Path.GetTempPath(), $"vmbus-two-{Environment.ProcessId}");
using Process process = Process.Start(Environment.ProcessPath!, ["guest", path, packets.ToString(CultureInfo.InvariantCulture)]);
using SharedHost host = await SharedHost.OfferAsync(path);
long start = Stopwatch.GetTimestamp();
await Traffic.RunAsync(host.Channel, "host", packets, changesMode: false);
TimeSpan time = Stopwatch.GetElapsedTime(start);
await process.WaitForExitAsync();
if (process.ExitCode != 0)
{
    Console.Error.WriteLine($"The guest ended with {process.ExitCode}.");
    return 1;
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{2 * packets} packets between two processes, every byte as it was sent, {2 * packets / time.TotalSeconds:F0} a second; {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} processors, pages of {Environment.SystemPageSize} bytes"));
return 0;
