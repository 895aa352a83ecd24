// A tool in a Linux guest of Hyper-V (or of `vmbus host`): opens a VMBus device from user space, says something, prints what
// the host answers. Needs root. Run it with: GuestTool eth1 --bind (a network interface, class name, relid or instance GUID)

using System.Runtime.Versioning;
using VmBus;
using VmBus.Linux;

[assembly: SupportedOSPlatform("linux")]

if (args is not [var name, ..])
{
    Console.Error.WriteLine("usage: GuestTool DEVICE [--bind]");
    return 2;
}

using var cancel = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) => { key.Cancel = true; cancel.Cancel(); };
try
{
    // Taken from its driver when asked, and given back at the end.
    await using VmBusDevice device = await VmBusDevice.OpenAsync(name, new() { Bind = args.Contains("--bind") }, cancel.Token);
    device.Channel.SignalMode = SignalMode.LowLatency;
    Console.WriteLine($"{device.InstanceId} is open as {device.UioName}; its signals are: {device.Channel.EffectiveSignal}");

    await device.Channel.SendAsync("hello, host"u8.ToArray(), cancellationToken: cancel.Token);
    await foreach (ReceivedPacket packet in device.Channel.ReadAllAsync(cancel.Token))
    {
        Console.WriteLine($"{packet.Payload.Length} bytes: {Convert.ToHexString(packet.Payload.Span)}");
        break;
    }

    return 0;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("GuestTool: interrupted");
    return 130;
}
catch (LinuxGuestException error)
{
    Console.Error.WriteLine($"GuestTool: {error.Message}");
    return 1;
}
