// Opens the device, says what will be done, measures, gives the device back.

using System.Runtime.Versioning;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Runs <c>vmbus monitor --measure</c>.</summary>
internal static class WindowMeasurement
{
    // Giving a device back talks to the host.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    /// <summary>Measures one device.</summary>
    /// <exception cref="ToolException">There is no such device, it has no monitor, or the hypervisor does not inspect it.</exception>
    /// <exception cref="LinuxGuestException">The device cannot be opened.</exception>
    public static async Task<WindowReport> RunAsync(WindowOptions options, VmBusSysfs sysfs, Terminal terminal, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            throw new ToolException("opening devices needs Linux's UIO, which is missing here");
        SysfsDevice found = DeviceChoice.Find(sysfs, options.Device)[0];
        terminal.Grace = Grace;
        await using VmBusDevice device = await VmBusDevice.OpenAsync(found.InstanceId!.Value, new() { Sysfs = sysfs, Bind = options.Bind, Trust = PeerTrust.Untrusted }, cancellationToken).ConfigureAwait(false);
        string name = DeviceName.Short(found) ?? DeviceName.Unknown;
        if (device.Primary.MonitorId is not { } monitorId || device.MonitorPage is not { } page)
            throw new ToolException($"channel {device.Primary.Relid} ({name}) has no monitor: each of its signals is a hypercall, so there is no window");
        terminal.Error.WriteLine($"vmbus: {WindowTables.Announce(options, $"channel {device.Primary.Relid} ({name})")}");
        WindowRun run = new(options, device.Channel.Signaler, page, monitorId);
        (IReadOnlyList<WindowCell> cells, LatencyHistogram? calls) = await OnThread(run, cancellationToken).ConfigureAwait(false);
        return new WindowReport(device.Primary.Relid, name, monitorId, options.Samples, cells, calls);
    }

    // A thread of its own: it sleeps as exactly as the kernel can, and looks without a pause.
    [SupportedOSPlatform("linux")]
    private static Task<(IReadOnlyList<WindowCell> Cells, LatencyHistogram? Calls)> OnThread(WindowRun run, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(() => run.Measure(cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
