// 'vmbus kvp --serve' and 'vmbus vss --serve' on a stock kernel's devices, in the place of its daemons, and 'vmbus kvp' beside one.

using System.Diagnostics;
using VmBus.Layout;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

internal static class OwnDaemonSteps
{
    /// <summary>Pairs both ways. What the host was answered is a line of its own, which is looked for there.</summary>
    public static void ServePairs()
    {
        using Process server = Start("kvp", "--serve");
        Steps.Run("/bin/vmbus", "kvp", "set", "state", "served");
        StockSteps.Ask(DeviceClass.KeyValuePairs, "kvp list guest");
        Host("kvp set tint blue");
        Until(() => StockSteps.Pairs().Contains("tint=blue"), "the pair does not come");
        RequireValue("tint", "blue");
        StockSteps.Ask(DeviceClass.KeyValuePairs, "kvp get tint");
        Host("kvp delete tint");
        Until(() => !StockSteps.Pairs().Contains("tint=blue"), "the pair does not go");
        End(server);
    }

    /// <summary>The kernel's daemon answers the host from files that the command writes, and the command reads what the host set.</summary>
    /// <param name="start">Starts the daemon.</param>
    /// <param name="end">Ends it.</param>
    public static void ShareFiles(Func<Process> start, Action<Process> end)
    {
        using Process daemon = start();
        Steps.Run("/bin/vmbus", "kvp", "set", "state", "shared");
        StockSteps.Ask(DeviceClass.KeyValuePairs, "kvp list guest");
        Host("kvp set tint green");
        Until(() => StockSteps.Pairs().Contains("tint=green"), "the daemon keeps no pair");
        RequireValue("tint", "green");
        Host("kvp delete tint");
        Until(() => !StockSteps.Pairs().Contains("tint=green"), "the pair does not go");
        end(daemon);
    }

    /// <summary>A mounted ext4 is frozen and thawed, as with the kernel's daemon.</summary>
    public static void ServeSnapshots()
    {
        using Process server = Start("vss", "--serve");
        StockSteps.AskToFreeze();
        End(server);
    }

    private static void RequireValue(string key, string value)
    {
        string printed = Steps.Output("/bin/vmbus", "kvp", "get", key).Trim();
        Require(printed == value, $"vmbus kvp get {key} prints '{printed}' and not '{value}'");
    }

    // Its first line says that the kernel has registered it.
    private static Process Start(params string[] words)
    {
        Process server = Process.Start(new ProcessStartInfo("/bin/vmbus", words) { RedirectStandardError = true })!;
        string? line = server.StandardError.ReadLine();
        Console.WriteLine(line);
        Require(line is not null && line.EndsWith("Ctrl-C ends it", StringComparison.Ordinal), $"vmbus {string.Join(' ', words)} does not serve");
        return server;
    }

    private static void End(Process server)
    {
        Steps.Run("kill", server.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Console.WriteLine(server.StandardError.ReadToEnd().TrimEnd());
        server.WaitForExit();
        Require(server.ExitCode == 143, $"it ends with {server.ExitCode}, and not as SIGTERM ends a command");
    }
}
