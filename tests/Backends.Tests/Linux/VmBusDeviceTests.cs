using System.Runtime.Versioning;
using Microsoft.Extensions.Time.Testing;
using VmBus.Interop;
using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
public sealed class VmBusDeviceTests : UioFixture
{
    private const string Balloon = "hv_balloon";

    private static readonly byte[] Payload = [1, 2, 3, 4, 5, 6, 7, 8];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names =>
    [
        UioStandIn.Instance.ToString(), DeviceClass.DynamicMemory.Id.ToString("B"), "balloon", "Balloon", "vmbus:77", "77", "eth1",
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_device_is_opened_by_what_it_is_called(string name)
    {
        UioStandIn standIn = Make(Monitor);
        Link(standIn, "eth1", "../../../" + UioStandIn.Instance);
        await using VmBusDevice device = await VmBusDevice.OpenAsync(name, Options(standIn), Token);
        await Speak(device, standIn);
    }

    [Fact]
    public async Task A_device_is_opened_by_its_class_and_by_its_instance()
    {
        UioStandIn standIn = Make(Monitor);
        await using (VmBusDevice device = await VmBusDevice.OpenAsync(DeviceClass.DynamicMemory, Options(standIn), Token))
            await Speak(device, standIn);
        await using (VmBusDevice device = await VmBusDevice.OpenAsync(UioStandIn.Instance, Options(standIn), Token))
            Assert.Equal(("uio3", UioStandIn.Instance, false), (device.UioName, device.InstanceId, device.IsGone));
    }

    [Theory]
    [InlineData("eth7")]
    [InlineData("../vmbus")]
    [InlineData("network")]
    [InlineData("78")]
    [InlineData("1eccfd72-4b41-45ef-b73a-4a6e44c12925")]
    public async Task What_is_not_there_is_named(string name)
    {
        UioStandIn standIn = Make(Monitor);
        Link(standIn, "eth7", "../../../0000:00:02.0");
        LinuxGuestException error = await Assert.ThrowsAsync<LinuxGuestException>(() => VmBusDevice.OpenAsync(name, Options(standIn), Token));
        Assert.Equal(LinuxGuestError.NoDevice, error.Error);
        Assert.StartsWith($"The bus has no device \"{name}\". It has: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(UioStandIn.Instance.ToString(), error.Message, StringComparison.Ordinal);
        Assert.False(standIn.IsOpen);
    }

    [Fact]
    public async Task What_is_not_there_is_named_by_class_and_by_instance_too()
    {
        UioStandIn standIn = Make(Monitor);
        LinuxGuestException error = await Assert.ThrowsAsync<LinuxGuestException>(() => VmBusDevice.OpenAsync(DeviceClass.Keyboard, Options(standIn), Token));
        Assert.StartsWith("The bus has no device of class keyboard (f912ad6d-2b17-48ea-bd65-f927a61c7684). It has: ", error.Message, StringComparison.Ordinal);
        Guid absent = Guid.NewGuid();
        error = await Assert.ThrowsAsync<LinuxGuestException>(() => VmBusDevice.OpenAsync(absent, Options(standIn), Token));
        Assert.StartsWith($"The bus has no device with instance {absent}. It has: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_devices_of_a_class_one_has_to_be_named()
    {
        UioStandIn standIn = Make(Monitor);
        Guid second = Guid.NewGuid();
        standIn.Tree.Write($"bus/vmbus/devices/{second}/device_id", second.ToString("B"));
        standIn.Tree.Write($"bus/vmbus/devices/{second}/class_id", DeviceClass.DynamicMemory.Id.ToString("B"));
        LinuxGuestException error = await Assert.ThrowsAsync<LinuxGuestException>(() => VmBusDevice.OpenAsync(DeviceClass.DynamicMemory, Options(standIn), Token));
        Assert.Equal(LinuxGuestError.SeveralDevices, error.Error);
        Assert.Contains(second.ToString(), error.Message, StringComparison.Ordinal);
        await using VmBusDevice device = await VmBusDevice.OpenAsync(UioStandIn.Instance, Options(standIn), Token);
    }

    [Fact]
    public async Task A_device_with_a_driver_is_taken_only_when_asked_and_given_back()
    {
        (UioStandIn standIn, StandInKernel kernel) = WithDriver();
        Assert.Equal(LinuxGuestError.NotBound, (await Assert.ThrowsAsync<LinuxGuestException>(() => VmBusDevice.OpenAsync("balloon", Options(standIn, kernel), Token))).Error);
        Assert.Empty(kernel.Writes);

        VmBusDevice device = await VmBusDevice.OpenAsync("balloon", Options(standIn, kernel) with { Bind = true }, Token);
        VmBusChannel channel = device.Channel;
        await Speak(device, standIn);
        Assert.Equal("uio_hv_generic", DriverOf(standIn));
        await device.DisposeAsync();
        await device.CloseAsync(Token);
        device.Dispose();
        Assert.Equal(Balloon, DriverOf(standIn));
        Assert.False(standIn.IsOpen);
        Assert.Throws<ObjectDisposedException>(() => channel.TrySend(Payload));
    }

    [Fact]
    public async Task An_open_that_fails_gives_the_device_back()
    {
        (UioStandIn standIn, StandInKernel kernel) = WithDriver();
        standIn.LockFault = Errno.TryAgain;
        await Assert.ThrowsAnyAsync<Exception>(() => VmBusDevice.OpenAsync("balloon", Options(standIn, kernel) with { Bind = true }, Token));
        Assert.Equal(Balloon, DriverOf(standIn));
        Assert.False(standIn.IsOpen);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_open_leaves_things_as_they_were(bool midway)
    {
        (UioStandIn standIn, StandInKernel kernel) = WithDriver();
        using var cancel = new CancellationTokenSource();
        VmBusDeviceOptions options = Options(standIn, kernel) with { Bind = true };
        if (!midway)
            await cancel.CancelAsync();
        else
            options = options with { Sysfs = Hooked(standIn, kernel, cancel) };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => VmBusDevice.OpenAsync("balloon", options, cancel.Token));
        Assert.Equal(Balloon, DriverOf(standIn));
        Assert.False(standIn.IsOpen);
        Assert.Equal(midway, kernel.Writes.Count > 0);
    }

    [Fact]
    public async Task That_a_device_cannot_be_given_back_is_told_by_close_and_not_by_dispose()
    {
        (UioStandIn standIn, StandInKernel kernel) = WithDriver();
        VmBusDevice device = await VmBusDevice.OpenAsync("balloon", Options(standIn, kernel) with { Bind = true }, Token);
        kernel.Refusals[$"{Balloon}/bind"] = Errno.OutOfMemory;
        await device.DisposeAsync();
        LinuxGuestException refused = await Assert.ThrowsAsync<LinuxGuestException>(() => device.CloseAsync(Token));
        Assert.Contains("errno 12", refused.Message, StringComparison.Ordinal);
        Assert.False(standIn.IsOpen);
    }

    [Fact]
    public async Task A_device_that_the_host_took_away_need_not_be_given_back()
    {
        (UioStandIn standIn, StandInKernel kernel) = WithDriver();
        VmBusDevice device = await VmBusDevice.OpenAsync("balloon", Options(standIn, kernel) with { Bind = true }, Token);
        Directory.Delete(standIn.Tree.Full(UioStandIn.Folder), recursive: true);
        await device.CloseAsync(Token);
    }

    [Fact]
    public async Task A_subchannel_is_closed_by_itself_or_with_its_device()
    {
        UioStandIn standIn = Make(Monitor);
        standIn.AddSubchannel(90, null);
        standIn.AddSubchannel(91, null);
        VmBusDevice device = await VmBusDevice.OpenAsync("balloon", Options(standIn), Token);
        await using (VmBusChannel first = device.OpenSubchannel(90))
            Assert.True(first.TrySend(Payload));
        device.OpenSubchannel(90).Dispose();
        VmBusChannel second = device.OpenSubchannel(91);
        await device.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => second.TrySend(Payload));
        Assert.Throws<ObjectDisposedException>(() => device.OpenSubchannel(90));
    }

    [Fact]
    public async Task Its_channels_are_named_in_metrics_as_sysfs_names_them()
    {
        UioStandIn standIn = Make(Monitor);
        standIn.AddSubchannel(90, null);
        standIn.Tree.Write($"{UioStandIn.Folder}/channels/90/subchannel_id", "3\n");
        await using VmBusDevice device = await VmBusDevice.OpenAsync("balloon", Options(standIn), Token);
        using VmBusChannel subchannel = device.OpenSubchannel(90);

        SysfsDevice shown = Assert.Single(standIn.Sysfs.ListDevices(), shown => shown.InstanceId == device.InstanceId);
        Assert.Equal(new ChannelIdentity("guest", "balloon", device.InstanceId.ToString(), shown.Relid!.Value, 0), device.Channel.Identity);
        Assert.Equal(device.Channel.Identity! with { Relid = 90, Subchannel = 3 }, subchannel.Identity);
    }

    // The kernel takes the rings back at once, so closing waits for the host.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_sent_is_read_before_the_device_is_closed(bool dispose)
    {
        UioStandIn standIn = Make(Monitor);
        VmBusDevice device = await VmBusDevice.OpenAsync("balloon", Options(standIn) with { FlushTimeout = Timeout.InfiniteTimeSpan }, Token);
        for (int i = 0; i < 3; i++)
            await device.Channel.SendAsync(Payload, cancellationToken: Token);
        Task closed = dispose ? device.DisposeAsync().AsTask() : device.CloseAsync(Token);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal((false, true), (closed.IsCompleted, standIn.IsOpen));
            ReadOne(standIn.Host.Channel);
        }

        await closed.WaitAsync(Patience.Limit, Token);
        Assert.False(standIn.IsOpen);
    }

    [Fact]
    public async Task A_host_that_does_not_read_has_a_limited_time_to()
    {
        UioStandIn standIn = Make(Monitor);
        var clock = new FakeTimeProvider();
        VmBusDevice device = await VmBusDevice.OpenAsync("balloon", Options(standIn) with { FlushTimeout = TimeSpan.FromSeconds(9), Clock = clock }, Token);
        await device.Channel.SendAsync(Payload, cancellationToken: Token);
        Task closed = device.CloseAsync(Token);
        Background.Until(() => Volatile.Read(ref standIn.Host.Word(12)) != 0, "the request for room");  // pending_send_sz
        clock.Advance(TimeSpan.FromSeconds(8));
        Assert.True(standIn.IsOpen);
        clock.Advance(TimeSpan.FromSeconds(1));
        await closed.WaitAsync(Patience.Limit, Token);
        Assert.False(standIn.IsOpen);
    }

    [Theory]
    [InlineData("closed")]
    [InlineData("spoilt")]
    [InlineData("no time")]
    [InlineData("gone")]
    public async Task Where_nothing_can_be_read_any_more_closing_does_not_wait(string why)
    {
        UioStandIn standIn = Make(Monitor);
        VmBusDevice device = await VmBusDevice.OpenAsync("balloon",
            Options(standIn) with { FlushTimeout = why == "no time" ? TimeSpan.Zero : Timeout.InfiniteTimeSpan }, Token);
        await device.Channel.SendAsync(Payload, cancellationToken: Token);
        if (why == "closed")
            device.Channel.Dispose();
        else if (why == "spoilt")
            standIn.Host.Word(4) = 12345;
        else if (why == "gone")
            standIn.Rescind();
        await device.CloseAsync(Token).WaitAsync(Patience.Limit, Token);
        Assert.False(standIn.IsOpen);
    }

    [Fact]
    public void A_negative_time_to_flush_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new VmBusDeviceOptions { FlushTimeout = TimeSpan.FromSeconds(-2) });

    private (UioStandIn StandIn, StandInKernel Kernel) WithDriver()
    {
        UioStandIn standIn = Make(Monitor);
        Directory.CreateDirectory(standIn.Tree.Full("bus/vmbus/drivers/uio_hv_generic"));
        Directory.CreateDirectory(standIn.Tree.Full($"bus/vmbus/drivers/{Balloon}"));
        standIn.Tree.Write(UioStandIn.Folder + "/driver_override", "(null)\n");
        string driver = standIn.Tree.Full(UioStandIn.Folder + "/driver");
        File.Delete(driver);
        File.CreateSymbolicLink(driver, $"../../drivers/{Balloon}");
        return (standIn, new StandInKernel(standIn.Tree));
    }

    private static VmBusDeviceOptions Options(UioStandIn standIn, StandInKernel? kernel = null) => new() { Sysfs = SysfsOf(standIn, kernel, null) };

    private static VmBusSysfs Hooked(UioStandIn standIn, StandInKernel kernel, CancellationTokenSource cancel) => SysfsOf(standIn, kernel, cancel);

    // With a token to cancel, opening the node cancels it: the device is open by then.
    private static VmBusSysfs SysfsOf(UioStandIn standIn, StandInKernel? kernel, CancellationTokenSource? cancel)
    {
        VmBusSysfs sysfs = standIn.Sysfs;
        return new VmBusSysfs(sysfs.Root, sysfs.DeviceRoot)
        {
            OpenNode = path =>
            {
                IUioFile file = sysfs.OpenNode!(path);
                cancel?.Cancel();
                return file;
            },
            WriteFile = kernel is null ? null : kernel.Write,
        };
    }

    private static string? DriverOf(UioStandIn standIn) => standIn.Tree.Sysfs.FindDevice(UioStandIn.Instance)!.Driver;

    private static void Link(UioStandIn standIn, string name, string target)
    {
        Directory.CreateDirectory(standIn.Tree.Full("class/net/" + name));
        File.CreateSymbolicLink(standIn.Tree.Full($"class/net/{name}/device"), target);
    }

    private static async Task Speak(VmBusDevice device, UioStandIn standIn)
    {
        await device.Channel.SendAsync(Payload, cancellationToken: Token);
        ReadOne(standIn.Host.Channel);
    }
}
