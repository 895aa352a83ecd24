using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using static VmBus.SystemTest.OwnHostSteps;

namespace VmBus.SystemTest;

/// <summary>The kernel's own list of the bus, lsvmbus, beside ours: the same devices and channels, and a name for each class it names.</summary>
internal static partial class ListerSteps
{
    private const string Python = "/python/python3.11";

    public static void Compare()
    {
        if (!File.Exists(Python))
        {
            Console.WriteLine("skipped: this guest has no Python for lsvmbus");
            return;
        }

        // With the C library that it was linked with.
        string theirs = Steps.Output("env", "PYTHONHOME=/python", "/python/ld-linux-x86-64.so.2", "--library-path", "/python", Python, "/python/lsvmbus", "-vv");
        Console.Write(theirs);
        using JsonDocument ours = JsonDocument.Parse(Steps.Output("/bin/vmbus", "list", "--json"));
        JsonElement[] devices = [.. ours.RootElement.GetProperty("devices").EnumerateArray()];
        string[] told = [.. theirs.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        string[] wanted = [.. devices.SelectMany(Lines)];
        Require(told.Select(line => Description().Replace(line, "")).SequenceEqual(wanted), $"ours would be: {string.Join(Environment.NewLine, wanted)}");

        Match[] named = [.. told.Select(line => Description().Match(line)).Where(description => description.Success)];
        foreach ((string their, string? our) in named.Zip(devices, (their, device) => (their.Groups[1].Value, device.GetProperty("class_name").GetString())).Distinct())
        {
            Console.WriteLine($"{their}: {our}");
            Require(their == "Unknown" || our is not null, $"we have no name for {their}");
        }
    }

    // As lsvmbus -vv tells them, without what it calls the class.
    private static IEnumerable<string> Lines(JsonElement device)
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"VMBUS ID {device.GetProperty("relid").GetUInt32(),2}: Class_ID = {{{device.GetProperty("class_id").GetString()}}}");
        yield return $"\tDevice_ID = {{{device.GetProperty("instance_id").GetString()}}}";
        yield return $"\tSysfs path: {device.GetProperty("path").GetString()}";
        foreach (JsonElement channel in device.GetProperty("channels").EnumerateArray())
            yield return string.Create(CultureInfo.InvariantCulture, $"\tRel_ID={channel.GetProperty("relid").GetUInt32()}, target_cpu={channel.GetProperty("vp").GetUInt32()}");
    }

    [GeneratedRegex(@"(?<=^VMBUS ID .*\}) - (.*)$")]
    private static partial Regex Description();
}
