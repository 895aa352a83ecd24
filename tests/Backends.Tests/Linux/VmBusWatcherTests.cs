using System.Runtime.Versioning;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
public class VmBusWatcherTests
{
    private const string Devices = "bus/vmbus/devices/";
    private const string Balloon = "1eccfd72-4b41-45ef-b73a-4a6e44c12924";
    private const string Shutdown = "b6650ff7-33bc-4840-8048-e0676786f393";
    private const string Late = "77777777-2222-3333-4444-555555555555";

    [Fact]
    public void What_comes_goes_and_changes_is_told_once()
    {
        using SysfsTree tree = SysfsTree.Load("synthetic-linux-6.12.tree");
        using VmBusWatcher watcher = new(tree.Sysfs, TimeSpan.FromMilliseconds(5));
        Assert.Equal((4, false), (watcher.Devices.Count, watcher.HasEvents));
        Assert.Empty(watcher.Wait(TimeSpan.Zero));

        tree.Write($"{Devices}{Late}/id", "40\n");
        Directory.Delete(tree.Full(Devices + Shutdown), recursive: true);
        tree.Write($"{Devices}{Balloon}/channels/9/cpu", "1\n");
        IReadOnlyList<VmBusChange> changes = watcher.Wait(Patience.Limit);

        Assert.Equal([(VmBusChangeKind.Changed, Balloon), (VmBusChangeKind.Added, Late), (VmBusChangeKind.Removed, Shutdown)],
            changes.Select(change => (change.Kind, change.Device.Name)));
        Assert.Equal((1, 2), (changes[0].Before!.Channels.Count, changes[0].After!.Channels.Count));
        Assert.Empty(watcher.Wait(TimeSpan.Zero));

        // Another device of the same name, which came while nobody looked.
        foreach (string identity in (string[])["id", "class_id", "driver_override"])
        {
            tree.Write($"{Devices}{Balloon}/{identity}", identity == "class_id" ? $"{{{Late}}}\n" : "77\n");
            Assert.Equal(VmBusChangeKind.Changed, Assert.Single(watcher.Wait(Patience.Limit)).Kind);
        }

        File.Delete(tree.Full($"{Devices}{Balloon}/driver"));
        Assert.Equal(VmBusChangeKind.Changed, Assert.Single(watcher.Wait(Patience.Limit)).Kind);
        tree.Write($"{Devices}{Balloon}/channels/8/cpu", "3\n");
        Assert.Equal(3u, Assert.Single(watcher.Wait(Patience.Limit)).After!.Channels[0].VpIndex);
        tree.Write($"{Devices}{Balloon}/channels/8/interrupts", "12\n");
        Assert.Empty(watcher.Wait(TimeSpan.Zero));

        Directory.Delete(tree.Full("bus/vmbus"), recursive: true);
        Assert.Equal(4, watcher.Wait(Patience.Limit).Count);
        Assert.Empty(watcher.Devices);
    }

    [Fact]
    public void A_change_ends_a_wait_under_way_and_so_does_its_token()
    {
        using SysfsTree tree = SysfsTree.Load("synthetic-linux-6.12.tree");
        using VmBusWatcher watcher = new(tree.Sysfs, TimeSpan.FromMilliseconds(5));
        Background waiter = Background.Run(() => Assert.Equal(Late, Assert.Single(watcher.Wait(Timeout.InfiniteTimeSpan)).Device.Name));
        Directory.CreateDirectory(tree.Full(Devices + Late));
        waiter.Join();

        using VmBusWatcher patient = new(tree.Sysfs, TimeSpan.FromHours(1));
        using CancellationTokenSource cancel = new();
        waiter = Background.Run(() => Assert.Throws<OperationCanceledException>(() => patient.Wait(Timeout.InfiniteTimeSpan, cancel.Token)));
        cancel.Cancel();
        waiter.Join();
    }

    [Fact]
    public void The_kernels_own_tree_is_watched_with_its_events_if_they_can_be_had()
    {
        using VmBusWatcher watcher = new(new VmBusSysfs());
        Assert.Equal(TimeSpan.FromSeconds(watcher.HasEvents ? 10 : 1), watcher.Interval);
        Assert.Empty(watcher.Wait(TimeSpan.Zero));
    }
}
