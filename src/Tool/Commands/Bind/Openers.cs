using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Who has a device open, as a command says it.</summary>
internal static class Openers
{
    /// <summary>The processes that have a device open, this one left out, and what they have open.</summary>
    /// <returns><see langword="null"/> when none has.</returns>
    public static string? Tell(VmBusSysfs sysfs, SysfsDevice device, string proc)
    {
        if (device.UioName is null)
            return null;
        UioOpener[] openers = [.. UioOpener.Find(sysfs, device.UioName, proc).Where(opener => opener.ProcessId != Environment.ProcessId)];
        return openers.Length == 0 ? null : $"{string.Join(", ", openers.Select(opener => $"process {opener.ProcessId} ({opener.Command})"))} has {Path.Combine(sysfs.DeviceRoot, device.UioName)} open";
    }
}
