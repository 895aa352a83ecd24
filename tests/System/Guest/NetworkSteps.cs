// The kernel's own network driver, hv_netvsc, on an adapter of our host whose other side is a TAP interface of the machine that
// the host runs in: the TCP of two kernels, with our device between them.

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

/// <summary>Pings, connections, a larger MTU, a link that goes down, and an adapter that is taken away.</summary>
internal static class NetworkSteps
{
    /// <summary>Where the echo beside the host listens.</summary>
    public const int Port = 7000;

    private const string Adapter = "tap=vmtap", Mac = "00:15:5d:00:00:42", Here = "10.77.0.2/24", Peer = "10.77.0.1";
    private const int Connections = 20, Stream = 2 << 20;

    public static void Run() => RunAsync().GetAwaiter().GetResult();

    /// <summary>Echoes what comes, beside the host, until it is ended.</summary>
    public static async Task<int> ServeAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Any, Port));
        listener.Listen(Connections);
        while (true)
            _ = VsockPeer.EchoAsync(await listener.AcceptAsync());
    }

    private static async Task RunAsync()
    {
        Until(() => Find() is not null, "the adapter becomes no interface");
        string name = Find()!;
        Require(Sys(name, "mtu") == "1500", $"the MTU is {Sys(name, "mtu")}");
        Steps.Run("ip", "addr", "add", Here, "dev", name);
        Steps.Run("ip", "link", "set", name, "up");
        Until(() => Sys(name, "carrier") == "1", "the link does not come up");
        Ping(56);
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async number => await VsockPeer.AskAsync(await ConnectAsync(), number)));
        Console.WriteLine($"{Connections} connections at once by TCP");
        await StreamAsync();

        // The driver closes its channel and opens it again.
        Steps.Run("ip", "link", "set", name, "mtu", "9000");
        Until(() => Sys(name, "carrier") == "1", "the link does not come up again");
        Ping(8000);
        await StreamAsync();

        Console.WriteLine($"@host link {Adapter} down");
        Until(() => Sys(name, "carrier") == "0", "the link does not go down");
        Console.WriteLine($"@host link {Adapter} up");
        Until(() => Sys(name, "carrier") == "1", "the link does not come back");
        Ping(56);

        // Taken away in the midst of traffic. The driver waits without a limit for the completions it is owed (netvsc_device_idle).
        Task<long> sending = Task.Run(SendUntilGone);
        Console.WriteLine("@host status");
        Console.WriteLine($"@host revoke {Adapter}");
        Until(() => Find() is null, "the interface stays");
        Console.WriteLine($"{await sending} datagrams went into the adapter until it was gone");
    }

    private static long SendUntilGone()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(new IPEndPoint(IPAddress.Parse(Peer), Port));
        var datagram = new byte[1000];
        for (long sent = 0; ; sent++)
        {
            try
            {
                socket.Send(datagram);
            }
            catch (SocketException full) when (full.SocketErrorCode is SocketError.ConnectionRefused or SocketError.NoBufferSpaceAvailable)
            {
                // Nothing listens there, or the queue is full: the next one.
            }
            catch (SocketException)
            {
                // Without a carrier there is no way there, and without the interface no address of ours.
                return sent;
            }
        }
    }

    private static async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(Peer), Port));
        return socket;
    }

    private static async Task StreamAsync()
    {
        long start = Stopwatch.GetTimestamp();
        await VsockPeer.AskAsync(await ConnectAsync(), 1, Stream);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stream >> 20} MiB there and back by TCP in {seconds:F2} s, {2 * Stream / seconds / 1e6:F1} MB/s, each byte checked"));
    }

    private static void Ping(int bytes) => Steps.Run("ping", "-c", "2", "-W", "60", "-s", bytes.ToString(CultureInfo.InvariantCulture), Peer);

    private static string? Find() => Directory.GetDirectories("/sys/class/net").Select(path => Path.GetFileName(path)).FirstOrDefault(name => Sys(name, "address") == Mac);

    // A file of an interface that is down, or gone, cannot be read.
    private static string Sys(string name, string file)
    {
        try
        {
            return File.ReadAllText($"/sys/class/net/{name}/{file}").Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
