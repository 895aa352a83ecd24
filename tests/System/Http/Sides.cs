using System.Diagnostics;
using System.Net.Sockets;
using VmBus.Layout;
using VmBus.Linux;
using static VmBus.SystemTest.Http.Steps;

namespace VmBus.SystemTest.Http;

/// <summary>What each of the two programs does, in order.</summary>
internal static class Sides
{
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(60), BetweenLooks = TimeSpan.FromMilliseconds(50);

    private static ReadOnlySpan<byte> Passed => "passed"u8;

    private static ReadOnlySpan<byte> Failed => "failed"u8;

    public static async Task<int> RunGuestAsync()
    {
        // Before the first request, which tells the host that all here listens.
        var link = new GuestLink();
        using Socket listener = VsockEndPoint.CreateSocket();
        listener.Bind(new VsockEndPoint(VsockEndPoint.AnyCid, Ports.Verdict));
        listener.Listen();
        Task<bool> verdict = HearVerdictAsync(listener);
        await using HttpServer server = await HttpServer.StartAsync(link);
        bool isPassed = await RunAsync("guest",
        [
            .. new ClientSteps(link).All,
            ("it serves the host's clients, and stops", () => ServeAsync(server, verdict)),
            ("the other side has passed", async () => Require(await verdict, "it has not")),
            ("no socket is left", RequireNoSocketAsync),
        ]);
        Console.WriteLine("@host status");
        Console.WriteLine($"@steps {(isPassed ? "passed" : "failed")}");
        return isPassed ? 0 : 1;
    }

    public static async Task<int> RunHostAsync(string path)
    {
        var link = new HostLink(path);
        await using HttpServer server = await HttpServer.StartAsync(link);
        bool isPassed = await RunAsync("host", [("it serves the guest's clients, and stops", server.RunAsync), .. new ClientSteps(link).All]);
        isPassed = await RunAsync("host", [("the guest is told of it", () => TellVerdictAsync(link, isPassed))]) && isPassed;
        Console.WriteLine($"@beside {(isPassed ? "passed" : "failed")}");
        return isPassed ? 0 : 1;
    }

    // The other side tells early of what has failed there: it asks for nothing more then.
    private static async Task ServeAsync(HttpServer server, Task<bool> verdict)
    {
        Task serving = server.RunAsync();
        if (await Task.WhenAny(serving, verdict) == verdict)
            Require(await verdict, "the other side has failed");
        await serving;
    }

    private static async Task<bool> HearVerdictAsync(Socket listener)
    {
        while (true)
        {
            using Socket accepted = await listener.AcceptAsync();
            var heard = new byte[Passed.Length];
            int length = 0;
            for (int read; length < heard.Length && (read = await accepted.ReceiveAsync(heard.AsMemory(length))) > 0; length += read)
            {
            }
            // One that says nothing was given up by the host, which tries again.
            if (length == heard.Length)
                return heard.AsSpan().SequenceEqual(Passed);
        }
    }

    private static async Task TellVerdictAsync(Link link, bool isPassed)
    {
        await using Stream stream = await link.ConnectAsync(Ports.Verdict);
        await stream.WriteAsync((isPassed ? Passed : Failed).ToArray());
        Require(await stream.ReadAsync(new byte[1]) == 0, "the guest answers it");
    }

    // The kernel gives a device back once it has closed its channel, and the host has taken it away. Both ends wait for the other's for
    // some seconds.
    private static async Task RequireNoSocketAsync()
    {
        var sysfs = new VmBusSysfs();
        long start = Stopwatch.GetTimestamp();
        while (Left() is { Length: > 0 } left)
        {
            if (Stopwatch.GetElapsedTime(start) > CloseLimit)
            {
                string[] open = [.. Directory.GetFiles("/proc/self/fd").Select(file => new FileInfo(file).LinkTarget ?? "").Where(target => target.StartsWith("socket:", StringComparison.Ordinal))];
                throw new FailedException($"{string.Join("; ", left.Select(device => $"{device.InstanceId} of {device.ClassId}, {string.Join(", ", device.Channels)}"))}; sockets of this process: {string.Join(", ", open)}");
            }
            await Task.Delay(BetweenLooks);
        }

        SysfsDevice[] Left() =>
            [.. sysfs.ListDevices().Where(device => device.ClassId is { } id && DeviceClass.TryGetSocketPort(id, out _))];
    }
}
