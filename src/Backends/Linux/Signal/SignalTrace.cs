// How often the kernel's drivers signal, by channel: a histogram that the kernel keeps at its tracepoint hyperv:vmbus_setevent
// (drivers/hv/hv_trace.h), which both kinds of signal pass. Mirrors Documentation/trace/histogram.rst.

using System.Globalization;
using System.Text.RegularExpressions;

namespace VmBus.Linux;

/// <summary>
/// Counts the signals of kernel drivers while it is open: those by monitor too, which <c>events</c> of sysfs leaves out. It takes
/// root, tracefs and a kernel with histograms (CONFIG_HIST_TRIGGERS). An instance of its own: other tracing goes on as it is.
/// </summary>
internal sealed partial class SignalTrace : IDisposable
{
    private const string Trigger = "hist:keys=relid";
    private const string Event = "events/hyperv/vmbus_setevent";

    private readonly string _instance;

    private SignalTrace(string instance) => _instance = instance;

    /// <summary>Begins to count.</summary>
    /// <param name="sysfs">Where sysfs is: tracefs is mounted below it.</param>
    /// <exception cref="LinuxGuestException">It cannot be counted here; the message says why.</exception>
    public static SignalTrace Start(VmBusSysfs sysfs)
    {
        ArgumentNullException.ThrowIfNull(sysfs);
        string root = ((string[])["kernel/tracing", "kernel/debug/tracing"]).Select(path => Path.Combine(sysfs.Root, path)).FirstOrDefault(path => Path.Exists(Path.Combine(path, "instances")))
            ?? throw new LinuxGuestException(LinuxGuestError.NotPermitted, $"Signals by monitor cannot be counted: there is no tracefs at {sysfs.Root}/kernel/tracing. It needs root, and 'mount -t tracefs tracefs /sys/kernel/tracing'.");
        if (!File.Exists(Path.Combine(root, Event, "hist")))
            throw new LinuxGuestException(LinuxGuestError.KernelTooOld, $"Signals by monitor cannot be counted: {root}/{Event}/hist does not exist. It needs hv_vmbus and a kernel with CONFIG_HIST_TRIGGERS.");
        string instance = Path.Combine(root, "instances", string.Create(CultureInfo.InvariantCulture, $"vmbus-{Environment.ProcessId}-{Guid.NewGuid():N}"));
        var trace = new SignalTrace(instance);
        try
        {
            Directory.CreateDirectory(instance);
            File.WriteAllText(Path.Combine(instance, Event, "trigger"), Trigger + "\n");
            return trace;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            trace.Dispose();
            throw new LinuxGuestException(LinuxGuestError.NotPermitted, $"Signals by monitor cannot be counted: {refused.Message}", refused);
        }
    }

    /// <summary>The signals since the start, by relid.</summary>
    public IReadOnlyDictionary<uint, ulong> Read() => Parse(File.ReadAllText(Path.Combine(_instance, Event, "hist")));

    /// <summary>Takes the counters away.</summary>
    public void Dispose()
    {
        try
        {
            // The kernel takes the folder's files with it, but no trigger that is set.
            if (File.Exists(Path.Combine(_instance, Event, "trigger")))
                File.WriteAllText(Path.Combine(_instance, Event, "trigger"), $"!{Trigger}\n");
            if (Directory.Exists(_instance))
                Directory.Delete(_instance);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // hv_vmbus went meanwhile, and its events with it. What is left is an empty folder of tracefs.
        }
    }

    internal static IReadOnlyDictionary<uint, ulong> Parse(string histogram)
    {
        Dictionary<uint, ulong> counts = [];
        foreach (Match line in Line().Matches(histogram))
        {
            if (uint.TryParse(line.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out uint relid)
                && ulong.TryParse(line.Groups[2].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out ulong count))
            {
                counts[relid] = count;
            }
        }

        return counts;
    }

    [GeneratedRegex(@"^\{ relid: +(\d+) \} hitcount: +(\d+)", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Line();
}
