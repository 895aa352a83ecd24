using System.Globalization;

namespace VmBus.Fuzz.Hostile;

/// <summary>
/// The command <c>hostile guest|process</c>: a real host in this process, with its budgets on, for as long as it is told, between a
/// peer that does its worst and one that must be served all the time.
/// </summary>
internal static class HostileCommand
{
    public const string Usage = "hostile guest|process [--seconds N] [--seed N] [--share PERCENT] [--every N]";

    /// <summary>Runs it.</summary>
    /// <returns>0: the host lived, and stayed as small as it was. 1: it did not. 2: the arguments are none.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is ["peer", .. var role])
            return await PeerRoles.PlayAsync(role);
        if (!TryParse(arguments, out HostileOptions options))
        {
            Console.Error.WriteLine($"usage: VmBus.Fuzz {Usage}");
            return 2;
        }

        var report = new RunReport(arguments[0], options);
        TaskScheduler.UnobservedTaskException += (_, unobserved) => report.Fail($"an unobserved exception: {unobserved.Exception}");
        try
        {
            await (arguments[0] == "guest" ? GuestRun.RunAsync(options, report) : ProcessRun.RunAsync(options, report));
        }
        catch (Exception failure)
        {
            report.Fail(failure.ToString());
        }

        return report.End();
    }

    private static bool TryParse(string[] arguments, out HostileOptions options)
    {
        options = new HostileOptions();
        if (arguments is not ["guest" or "process", ..] || arguments.Length % 2 == 0)
            return false;
        for (int at = 1; at < arguments.Length; at += 2)
        {
            if (!int.TryParse(arguments[at + 1], CultureInfo.InvariantCulture, out int value) || value < 1)
                return false;
            switch (arguments[at])
            {
                case "--seconds":
                    options = options with { Length = TimeSpan.FromSeconds(value) };
                    break;
                case "--seed":
                    options = options with { Seed = value };
                    break;
                case "--share":
                    options = options with { Share = value / 100.0 };
                    break;
                case "--every":
                    options = options with { Every = TimeSpan.FromSeconds(value) };
                    break;
                default:
                    return false;
            }
        }

        return true;
    }
}

/// <summary>How a run is made.</summary>
internal sealed record HostileOptions
{
    public TimeSpan Length { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What every choice of the hostile side comes from; their order against the host's threads does not.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The part of a processor that this process may use.</summary>
    public double Share { get; init; } = 0.25;

    /// <summary>How often a line of counters is printed.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the honest peer may go without an answer. A machine with more to do than processors takes its time.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);
}
