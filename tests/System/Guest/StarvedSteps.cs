// A host that has next to no file descriptors: what it cannot serve it refuses, and all else goes on.

using System.Net.Sockets;
using VmBus.Linux;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

internal static class StarvedSteps
{
    /// <summary>The word of the command line that asks for it.</summary>
    public const string Word = "starved";

    private const int Most = 200;

    public static void Run() => RunAsync().GetAwaiter().GetResult();

    private static async Task RunAsync()
    {
        int beats = StockSteps.Beats();
        var host = new VsockEndPoint(VsockEndPoint.HostCid, VsockPeer.HostPort);
        var open = new List<Socket>();
        // Linux does not hear of the refusal: its connect ends by its own time, which is 2 s.
        SocketError? refusal = null;
        for (int tries = 0; tries < Most && refusal is null; tries++)
        {
            try
            {
                open.Add(await host.ConnectAsync());
            }
            catch (SocketException refused)
            {
                refusal = refused.SocketErrorCode;
            }
        }
        Console.WriteLine($"{open.Count} connections are open; the next one ended with {refusal}");
        Console.WriteLine("@host status");
        Require(refusal is not null && open.Count > 5, "the host has descriptors enough");
        await Task.WhenAll(open.Select(VsockPeer.AskAsync));
        for (int number = 0; number < 5; number++)
            await VsockPeer.AskAsync(Connect(host), number);
        Until(() => StockSteps.Beats() > beats + 2, "the heart does not beat");
    }

    // The host takes descriptors back as its streams end, a moment after the guest's sockets.
    private static Socket Connect(VsockEndPoint host)
    {
        Socket? socket = null;
        Until(() =>
        {
            try
            {
                socket = host.ConnectAsync().GetAwaiter().GetResult();
            }
            catch (SocketException)
            {
                return false;
            }
            return true;
        }, "the host takes no connection any more");
        return socket!;
    }
}
