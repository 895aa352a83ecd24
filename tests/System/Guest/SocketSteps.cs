// The kernel's own AF_VSOCK, over hv_sock, with our host at the other end: .NET's sockets here, Unix-domain sockets there.

using System.Net.Sockets;
using VmBus.Layout;
using VmBus.Linux;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

/// <summary>Connections both ways, many of them open at once, and a port that nothing serves.</summary>
/// <param name="count">How many each way.</param>
internal sealed class SocketSteps(int count)
{
    private const uint NoPort = 6999;

    private static readonly VsockEndPoint Host = new(VsockEndPoint.HostCid, VsockPeer.HostPort);

    public void Accept() => AcceptAsync().GetAwaiter().GetResult();

    public void Connect() => ConnectAsync().GetAwaiter().GetResult();

    private async Task AcceptAsync()
    {
        using Socket listener = VsockEndPoint.CreateSocket();
        listener.Bind(new VsockEndPoint(VsockEndPoint.AnyCid, VsockPeer.GuestPort));
        listener.Listen(count);
        // The host's clients come behind this one: the steps before count devices, and a connection is one.
        await VsockPeer.AskAsync(await Host.ConnectAsync(), -1);
        Console.WriteLine("a connection to the host");
        var served = new List<Task>();
        for (int number = 1; number <= count; number++)
        {
            served.Add(VsockPeer.EchoAsync(await listener.AcceptAsync()));
            if (number % 20 == 0)
                Console.WriteLine($"{number} connections of the host were accepted");
        }
        await Task.WhenAll(served);
        Console.WriteLine($"{served.Count} connections of the host have ended");
    }

    private async Task ConnectAsync()
    {
        Socket[] asking = new Socket[count];
        for (int number = 0; number < asking.Length; number++)
            asking[number] = await Host.ConnectAsync();
        Require(Host.Equals(asking[0].RemoteEndPoint), $"the socket knows another end: {asking[0].RemoteEndPoint}");
        await Task.WhenAll(asking.Select(VsockPeer.AskAsync));
        Console.WriteLine($"{asking.Length} connections to the host, all of them open at once");

        // Linux has no ear for the host's refusal, and waits for its own time.
        try
        {
            using Socket refused = await new VsockEndPoint(VsockEndPoint.HostCid, NoPort).ConnectAsync();
            throw new FailedException("a port that nothing serves took a connection");
        }
        catch (SocketException error)
        {
            Console.WriteLine($"a port that nothing serves: {error.SocketErrorCode}");
        }
        // The kernel gives a device back once it has closed its channel, and the host has taken it away.
        try
        {
            Until(() => Sockets().Length == 0, "sockets are left in sysfs");
        }
        catch (FailedException)
        {
            foreach (SysfsDevice device in Sockets())
                Console.WriteLine($"left: {device.InstanceId} of {device.ClassId}, driver {device.Driver ?? "none"}, {string.Join("; ", device.Channels)}");
            throw;
        }
        finally
        {
            Console.WriteLine("@host status");
        }

        static SysfsDevice[] Sockets() =>
            [.. new VmBusSysfs().ListDevices().Where(device => device.ClassId is { } id && DeviceClass.TryGetSocketPort(id, out _))];
    }
}
