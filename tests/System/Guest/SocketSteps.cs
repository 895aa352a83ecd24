// The kernel's own AF_VSOCK, over hv_sock, with our host at the other end: .NET's sockets here, Unix-domain sockets there.

using System.Net.Sockets;
using VmBus.Linux;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

/// <summary>Connections both ways, two hundred at once, and ports that nothing serves.</summary>
internal static class SocketSteps
{
    private const uint NoPort = 6999;

    public static void Run() => RunAsync().GetAwaiter().GetResult();

    private static async Task RunAsync()
    {
        using Socket listener = VsockEndPoint.CreateSocket();
        listener.Bind(new VsockEndPoint(VsockEndPoint.AnyCid, VsockPeer.GuestPort));
        listener.Listen(VsockPeer.Count);
        // The host's clients come behind this one: the steps before count devices, and a connection is one.
        var host = new VsockEndPoint(VsockEndPoint.HostCid, VsockPeer.HostPort);
        await VsockPeer.AskAsync(await host.ConnectAsync(), -1);
        Console.WriteLine("a connection to the host");
        var served = new List<Task>();
        for (int number = 0; number < VsockPeer.Count; number++)
            served.Add(VsockPeer.EchoAsync(await listener.AcceptAsync()));
        await Task.WhenAll(served);
        Console.WriteLine($"{served.Count} connections of the host");

        Socket[] asking = new Socket[VsockPeer.Count];
        for (int number = 0; number < asking.Length; number++)
            asking[number] = await host.ConnectAsync();
        Require(host.Equals(asking[0].RemoteEndPoint), $"the socket knows another end: {asking[0].RemoteEndPoint}");
        await Task.WhenAll(asking.Select(VsockPeer.AskAsync));
        Console.WriteLine($"{asking.Length} connections to the host, all of them open at once");

        try
        {
            using Socket refused = await new VsockEndPoint(VsockEndPoint.HostCid, NoPort).ConnectAsync();
            throw new FailedException("a port that nothing serves took a connection");
        }
        catch (SocketException error)
        {
            Console.WriteLine($"a port that nothing serves: {error.SocketErrorCode}: {error.Message}");
        }
        // The kernel gives a device back once it has closed its channel, and the host has taken it away.
        var sysfs = new VmBusSysfs();
        Until(() => !sysfs.ListDevices().Any(device => device.ClassId is { } id && id.ToString().EndsWith("-facb-11e6-bd58-64006a7986d3", StringComparison.Ordinal)), "sockets are left in sysfs");
        Console.WriteLine("@host status");
    }
}
