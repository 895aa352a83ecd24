using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

public class VmBusSysfsTests
{
    private static readonly Guid Network = new("ed963694-e847-4b2a-85af-bc9cfc11d6f3");
    private static readonly Guid Balloon = new("1eccfd72-4b41-45ef-b73a-4a6e44c12924");
    private const string Odd = "bus/vmbus/devices/11111111-2222-3333-4444-555555555555";

    [Fact]
    public void Every_device_is_found_with_its_class_and_driver()
    {
        using SysfsTree tree = SysfsTree.Load("synthetic-linux-6.12.tree");

        Assert.Equal(
            ["scsi hv_storvsc", "balloon uio_hv_generic", "shutdown hv_utils", "network hv_netvsc"],
            tree.Sysfs.ListDevices().Select(device => $"{device.Class?.Name} {device.Driver}"));
    }

    [Fact]
    public void A_device_says_all_that_the_kernel_shows()
    {
        using SysfsTree tree = SysfsTree.Load("synthetic-linux-6.12.tree");

        SysfsDevice device = tree.Sysfs.FindDevice(Network)!;

        Assert.Equal((Network, DeviceClass.Network, 14u, 3), (device.InstanceId, device.Class, device.Relid, device.State));
        Assert.Equal((0x1414u, 3u, 1), (device.Vendor, device.Device, device.NumaNode));
        Assert.Equal("vmbus:635161f83edfc546913ff2d2f965ed0e", device.Modalias);
        Assert.Equal((41, null, null), (device.MonitorId, device.DriverOverride, device.UioName));
        Assert.Equal(new SysfsMonitor(0, TimeSpan.Zero, 0), device.HostMonitor);
        Assert.Equal(new SysfsMonitor(0x80000200, TimeSpan.FromMicroseconds(100), 65550), device.GuestMonitor);
        Assert.Equal(new SysfsRing(0, 4096, 4160, 64, 126912), device.Outgoing);
        Assert.Equal(new SysfsRing(1, 8, 8, 0, 126976), device.Incoming);
        Assert.Equal([(14u, 0u, 41), (21u, 1u, 42), (22u, 2u, 43)], device.Channels.Select(one => (one.Relid, one.VpIndex!.Value, one.MonitorId!.Value)));
        SysfsChannel primary = device.Channels[0];
        Assert.Equal((0u, 512u, TimeSpan.FromMicroseconds(100)), (primary.SubchannelIndex, primary.Pending, primary.Latency));
        Assert.Equal((0u, 1u, 0u, 126912u), (primary.OutgoingMask, primary.IncomingMask, primary.BytesToRead, primary.BytesToWrite));
        Assert.Equal((111000000123ul, 17ul), (primary.Interrupts, primary.Events));
        Assert.Equal((2ul, 15ul, 3ul, 30ul), (primary.InterruptsInFull, primary.InterruptsOutEmpty, primary.OutgoingFullFirst, primary.OutgoingFullTotal));
        Assert.Null(primary.RingBytes);
    }

    [Fact]
    public void A_device_on_UIO_names_its_UIO_device_and_its_rings()
    {
        using SysfsTree tree = SysfsTree.Load("synthetic-linux-6.12.tree");

        SysfsDevice device = tree.Sysfs.FindDevice(Balloon)!;

        Assert.Equal(("uio0", "uio_hv_generic", "uio_hv_generic"), (device.UioName, device.Driver, device.DriverOverride));
        Assert.Equal(4194304, device.Channels[0].RingBytes);
        Assert.Null(device.MonitorId);
        Assert.Null(device.GuestMonitor);
    }

    [Fact]
    public void An_old_kernels_devices_are_found_by_what_is_in_their_folders()
    {
        using SysfsTree tree = SysfsTree.Load("synthetic-linux-4.9.tree");

        SysfsDevice device = tree.Sysfs.FindDevice(new Guid("fd149e91-82e0-4a7d-afa6-2a4166cbd7c0"))!;

        Assert.Equal(("vmbus_13", DeviceClass.Heartbeat, null), (device.Name, device.Class, device.MonitorId));
        Assert.Equal([(13u, 0u), (40u, 3u)], device.Channels.Select(one => (one.Relid, one.VpIndex!.Value)));
        Assert.All(device.Channels, channel => Assert.Null(channel.Path));
    }

    // The kernel shows a page of it at the most, a byte less, and cuts a line where that ends.
    [Fact]
    public void A_mapping_that_does_not_fit_into_a_page_has_no_half_line()
    {
        string whole = string.Concat(Enumerable.Range(100, 2000).Select(relid => $"{relid}:{relid % 128 + 100}\n"));
        using SysfsTree tree = new($"{Odd}/id = 100");
        tree.Write(Odd + "/channel_vp_mapping", whole[..4095]);
        Assert.NotEqual('\n', whole[4094]);

        IReadOnlyList<SysfsChannel> channels = Assert.Single(tree.Sysfs.ListDevices()).Channels;

        Assert.Equal(whole[..4095].Count(one => one == '\n'), channels.Count);
        Assert.All(channels, channel => Assert.Equal(channel.Relid % 128 + 100, channel.VpIndex));
    }

    [Fact]
    public void A_short_list_of_many_devices_reads_their_names_alone()
    {
        using SysfsTree tree = SysfsTree.Load("synthetic-linux-6.12.tree");

        IReadOnlyList<SysfsDevice> all = tree.Sysfs.ListDevices(), names = tree.Sysfs.ListNames();

        Assert.Equal(all.Select(one => (one.Name, one.Path, one.InstanceId, one.ClassId, one.Relid, one.Driver)), names.Select(one => (one.Name, one.Path, one.InstanceId, one.ClassId, one.Relid, one.Driver)));
        Assert.All(names, one => Assert.Empty(one.Channels));
        Assert.Throws<LinuxGuestException>(new VmBusSysfs("/no").ListNames);
    }

    [Fact]
    public void Listed_again_a_device_is_read_as_far_as_it_can_have_changed()
    {
        using SysfsTree tree = SysfsTree.Load("synthetic-linux-6.12.tree");
        string network = $"bus/vmbus/devices/{Network}";
        IReadOnlyList<SysfsDevice> before = tree.Sysfs.ListDevices();
        SysfsDevice first = before.Single(device => device.InstanceId == Network);
        // The kernel does not change the first two while the device is there: read again, they would differ.
        tree.Write($"{network}/vendor", "0x9999");
        tree.Write($"{network}/channels/14/subchannel_id", "9");
        tree.Write($"{network}/channels/14/events", "18");
        tree.Write($"{network}/client_monitor_pending", "5");
        tree.Write($"{network}/out_read_bytes_avail", "72");

        SysfsDevice again = Again();

        Assert.Equal((first.Vendor, first.Modalias, first.MonitorId, 0u), (again.Vendor, again.Modalias, again.MonitorId, again.Channels[0].SubchannelIndex));
        Assert.Equal((18ul, 5u, 72u), (again.Channels[0].Events, again.GuestMonitor?.Pending, again.Outgoing?.BytesToRead));
        Assert.Equal(first.Channels.Select(channel => (channel.Relid, channel.VpIndex)), again.Channels.Select(channel => (channel.Relid, channel.VpIndex)));

        // With another relid it is another device.
        tree.Write($"{network}/id", "15");
        Assert.Equal((15u, 0x9999u), (Again().Relid, Again().Vendor));

        // A folder of this name may be another device's.
        tree.Write($"{network}/id", "14");
        tree.Write($"{network}/class_id", $"{{{Balloon}}}");
        Assert.Equal(0x9999u, Again().Vendor);

        SysfsDevice Again() => tree.Sysfs.ListDevices(before).Single(device => device.InstanceId == Network);
    }

    [Fact]
    public void A_channel_that_is_not_open_has_no_rings()
    {
        using SysfsTree tree = SysfsTree.Load("synthetic-linux-6.12.tree");
        tree.Write($"bus/vmbus/devices/{Network}/state", "2");

        SysfsDevice device = tree.Sysfs.FindDevice(Network)!;

        Assert.Equal((null, null, 2), (device.Outgoing, device.Incoming, device.State));
    }

    [Theory]
    [InlineData("id", "-5 apples")]
    [InlineData("id", "99999999999999999999999")]
    [InlineData("id", "")]
    [InlineData("class_id", "{f8615163}")]
    [InlineData("numa_node", "0x")]
    [InlineData("monitor_id", "128")]
    [InlineData("vendor", "0xZZ")]
    [InlineData("vendor", "0x123456789")]
    [InlineData("client_monitor_latency", "70000")]
    [InlineData("channel_vp_mapping", ":\\n1:\\n:2\\n1:2:3\\nx:y\\n\\n-1:0")]
    [InlineData("channels/abc/cpu", "1")]
    [InlineData("channels/-1/cpu", "1")]
    [InlineData("state", "\0\0\0")]
    [InlineData("id/id", "a folder where a file should be")]
    public void What_makes_no_sense_is_unknown_and_the_rest_is_there(string file, string text)
    {
        using SysfsTree tree = new($"{Odd}/modalias = vmbus:x\n{Odd}/{file} = {text}");

        SysfsDevice device = Assert.Single(tree.Sysfs.ListDevices());

        Assert.Equal(new Guid("11111111-2222-3333-4444-555555555555"), device.InstanceId);
        Assert.Equal("vmbus:x", device.Modalias);
        Assert.Equal((null, null, null, null, null), (device.Relid, device.ClassId, device.NumaNode, device.MonitorId, device.Vendor));
        Assert.Equal((null, null, null), (device.Class, device.State, device.GuestMonitor?.Latency));
        Assert.Empty(device.Channels);
    }

    [Fact]
    public void A_file_without_end_is_given_up()
    {
        using SysfsTree tree = new($"{Odd}/id = 7");
        File.CreateSymbolicLink(tree.Full(Odd + "/modalias"), "/dev/zero");

        SysfsDevice device = Assert.Single(tree.Sysfs.ListDevices());

        Assert.Equal((7u, null), (device.Relid, device.Modalias));
    }

    [Fact]
    public void A_link_to_nowhere_is_no_device()
    {
        using SysfsTree tree = new($"{Odd}/id = 7\nbus/vmbus/devices/99999999-2222-3333-4444-555555555555 -> ../gone");

        Assert.Single(tree.Sysfs.ListDevices());
        Assert.Null(tree.Sysfs.FindDevice(new Guid("99999999-2222-3333-4444-555555555555")));
    }

    [Fact]
    public void Devices_that_come_and_go_while_they_are_read_end_in_nothing_worse_than_absence()
    {
        using SysfsTree tree = new($"{Odd}/id = 7");
        const string Fleeting = "bus/vmbus/devices/77777777-2222-3333-4444-555555555555";
        bool stop = false;
        Background churn = Background.Run(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                tree.Write(Fleeting + "/channels/9/cpu", "1\n");
                tree.Write(Fleeting + "/id", "9\n");
                Directory.Delete(tree.Full(Fleeting), recursive: true);
            }
        });

        for (int round = 0; round < 300; round++)
        {
            IReadOnlyList<SysfsDevice> devices = tree.Sysfs.ListDevices();
            Assert.Contains(devices, device => device.Relid == 7);
            Assert.InRange(devices.Count, 1, 2);
        }

        Volatile.Write(ref stop, true);
        churn.Join();
    }

    [Fact]
    public void Without_a_bus_the_error_says_what_is_missing()
    {
        using SysfsTree tree = new("class/");

        Assert.False(tree.Sysfs.IsPresent);
        LinuxGuestException error = Assert.Throws<LinuxGuestException>(tree.Sysfs.ListDevices);
        Assert.Equal(LinuxGuestError.NoVmBus, error.Error);
        Assert.Contains("hv_vmbus", error.Message, StringComparison.Ordinal);
        Assert.Throws<LinuxGuestException>(() => tree.Sysfs.FindDevice(Network));
    }
}
