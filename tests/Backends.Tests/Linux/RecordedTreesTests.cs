using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

// What a stock Debian kernel really shows, recorded by the system test: see the first lines of each tree.
public class RecordedTreesTests
{
    private static readonly Guid Balloon = new("1eccfd72-4b41-45ef-b73a-4a6e44c12924");

    [Fact]
    public void A_device_without_a_driver_has_a_channel_and_no_rings()
    {
        using SysfsTree tree = SysfsTree.Load("linux-6.12-qemu-balloon-unbound.tree");

        SysfsDevice device = Assert.Single(tree.Sysfs.ListDevices());

        Assert.Equal((Balloon, DeviceClass.DynamicMemory, 1u, 2), (device.InstanceId, device.Class, device.Relid, device.State));
        Assert.Equal((0x1414u, 0xfu, 0), (device.Vendor, device.Device, device.NumaNode));
        Assert.Equal((null, null, null, null), (device.Driver, device.DriverOverride, device.UioName, device.MonitorId));
        Assert.Equal((null, null, null, null), (device.Outgoing, device.Incoming, device.HostMonitor, device.GuestMonitor));
        SysfsChannel channel = Assert.Single(device.Channels);
        Assert.Equal((1u, 0u, 0u, 0ul), (channel.Relid, channel.VpIndex, channel.SubchannelIndex, channel.Interrupts));
        Assert.Equal((null, null, null), (channel.RingBytes, channel.OutgoingMask, channel.BytesToWrite));
    }

    [Fact]
    public void A_bound_device_has_rings_whose_words_cannot_be_read_before_it_is_open()
    {
        using SysfsTree tree = SysfsTree.Load("linux-6.12-qemu-balloon-bound.tree");

        SysfsDevice device = tree.Sysfs.FindDevice(Balloon)!;

        Assert.Equal(("uio_hv_generic", "uio0", 2), (device.Driver, device.UioName, device.State));
        Assert.Equal((null, null), (device.Outgoing, device.Incoming));
        Assert.Equal((4194304, null), (device.Channels[0].RingBytes, device.Channels[0].BytesToRead));
    }

    [Fact]
    public void An_open_device_shows_its_empty_rings()
    {
        using SysfsTree tree = SysfsTree.Load("linux-6.12-qemu-balloon-open.tree");

        SysfsDevice device = tree.Sysfs.FindDevice(Balloon)!;

        var empty = new SysfsRing(0, 0, 0, 0, 2093056);
        Assert.Equal((3, empty, empty), (device.State, device.Outgoing, device.Incoming));
        Assert.Equal((0u, 0u, 0u, 2093056u), (device.Channels[0].OutgoingMask, device.Channels[0].IncomingMask, device.Channels[0].BytesToRead, device.Channels[0].BytesToWrite));
    }

    [Fact]
    public void What_went_through_the_rings_is_in_the_indices_and_the_counters()
    {
        using SysfsTree tree = SysfsTree.Load("linux-6.12-qemu-balloon-talked.tree");

        SysfsDevice device = tree.Sysfs.FindDevice(Balloon)!;

        Assert.Equal(new SysfsRing(0, 136, 136, 0, 2093056), device.Outgoing);
        Assert.Equal(new SysfsRing(0, 120, 120, 0, 2093056), device.Incoming);
        Assert.Equal((3ul, 3ul), (device.Channels[0].Events, device.Channels[0].Interrupts));
    }

    [Theory]
    [InlineData("bound"), InlineData("open"), InlineData("talked")]
    public void The_kernel_maps_buffers_of_a_network_adapter_for_any_class(string condition)
    {
        using SysfsTree tree = SysfsTree.Load($"linux-6.12-qemu-balloon-{condition}.tree");
        string uio = Path.Combine(tree.Sysfs.FindDevice(Balloon)!.Path, "uio", "uio0");

        Assert.Equal(
            [new UioMap(0, "txrx_rings", 4194304), new UioMap(1, "int_page", 4096), new UioMap(2, "monitor_page", 4096),
                new UioMap(3, "recv:925200", 32505856), new UioMap(4, "send:925201", 16777216)],
            UioMap.ReadAll(new SysfsFolder(uio), 4096));
    }
}
