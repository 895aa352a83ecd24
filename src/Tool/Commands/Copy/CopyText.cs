using System.Globalization;

namespace VmBus.Tool;

/// <summary>The results of a copy as a person reads them, within 80 columns.</summary>
internal static class CopyText
{
    /// <summary>Writes one block a mode.</summary>
    public static void Write(TextWriter writer, CopyOptions options, IReadOnlyList<CopyResult> results)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(results);
        string place = options.Processes == 1 ? "one process" : "two processes";
        writer.WriteLine($"{Name(options.Input, "standard input")} to {Name(options.Output, "standard output")}, {place}, {Size(options.MessageSize)} a packet, ring {Size(options.RingSize)}, after a warm-up");
        foreach (CopyResult result in results)
            Write(writer, result);
    }

    private static void Write(TextWriter writer, CopyResult result)
    {
        string bytes = result.Bytes.ToString("N0", CultureInfo.InvariantCulture);
        string batch = result.PacketsPerWakeup is { } packets ? $", {Units.Ratio(packets)} packets each" : "";
        writer.WriteLine();
        writer.WriteLine(result.Mode.Name());
        writer.WriteLine($"  copied    {bytes} bytes in {Units.Duration(result.Elapsed.TotalNanoseconds)}: {Units.Bytes(result.BytesPerSecond)}/s");
        writer.WriteLine($"  sent      {Convert.ToHexStringLower(result.SentSha256)}");
        writer.WriteLine($"  received  {Convert.ToHexStringLower(result.ReceivedSha256)}");
        writer.WriteLine($"  SHA-256   {(result.Equal ? "equal" : "DIFFERENT")}");
        writer.WriteLine($"  signals   {Units.Count(result.Signals.Monitored)} monitored, {Units.Count(result.Signals.Hypercall)} by hypercall, {Units.Count(result.Signals.None)} not needed");
        writer.WriteLine($"  wakeups   {Units.Count(result.HostWakeups)}{batch}");
    }

    private static string Name(string path, string standard) => path == CopyOptions.Standard ? standard : path;

    private static string Size(int bytes) => bytes switch
    {
        >= 1 << 20 when bytes % (1 << 20) == 0 => $"{bytes >> 20} MiB",
        >= 1 << 10 when bytes % (1 << 10) == 0 => $"{bytes >> 10} KiB",
        _ => $"{bytes} bytes",
    };
}
