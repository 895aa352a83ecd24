// A channel between two processes on Linux: the host's memory and its hypervisor are in this one, the guest is started beside
// it. Run it with: dotnet run -c Release --project samples/TwoProcesses

using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using VmBus;
using VmBus.InMemory;

[assembly: SupportedOSPlatform("linux")]

if (args is ["guest", var where])
{
    using SharedGuest guest = await SharedGuest.ConnectAsync(where);
    guest.Channel.SignalMode = SignalMode.LowLatency;
    for (int i = 1; i <= 3; i++)
        await guest.Channel.SendAsync(Encoding.UTF8.GetBytes($"message {i} of process {Environment.ProcessId}"));
    return;
}

string path = Path.Combine(Path.GetTempPath(), $"vmbus-{Environment.ProcessId}");
using Process process = Process.Start(Environment.ProcessPath!, ["guest", path]);
using SharedHost host = await SharedHost.OfferAsync(path);

// Ends when the guest process has ended, and all that it had sent is read. Payloads are padded to 8 bytes.
await foreach (ReceivedPacket packet in host.Channel.ReadAllAsync())
    Console.WriteLine(Encoding.UTF8.GetString(packet.Payload.Span).TrimEnd('\0'));
Console.WriteLine(host.Channel.DisconnectReason);
