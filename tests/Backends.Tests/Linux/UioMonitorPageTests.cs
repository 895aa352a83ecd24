using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Backends.Tests.Shared;
using VmBus.Interop;
using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

// The page through the stand-in, as vmbus monitor uses it.
[SupportedOSPlatform("linux")]
public sealed class UioMonitorPageTests : IDisposable
{
    private const int Monitor = 41;

    private readonly OpenResources _before = OpenResources.Count();
    private readonly UioStandIn _standIn = new(Monitor);

    public void Dispose()
    {
        _standIn.Release();
        _before.AssertUnchanged();
    }

    [Theory]
    [InlineData(0), InlineData(41), InlineData(42), InlineData(127)]
    public void Setting_a_latency_changes_its_two_bytes_and_no_others(int monitor)
    {
        byte[] before = _standIn.MonitorPageBytes();
        using (UioMonitorPage mapped = _standIn.OpenMonitorPage())
            Volatile.Write(ref mapped.Page.Latency(monitor), (ushort)0xABCD);

        byte[] after = _standIn.MonitorPageBytes();
        int at = MonitorPage.LatencyOffset + 2 * monitor;
        Assert.Equal(0xABCD, MemoryMarshal.Read<ushort>(after.AsSpan(at)));
        Assert.Equal([at, at + 1], Enumerable.Range(0, after.Length).Where(i => before[i] != after[i]));
    }

    [Fact]
    public void A_device_in_use_shows_its_page_and_goes_on()
    {
        using UioDevice device = _standIn.Open();
        using (UioMonitorPage mapped = _standIn.OpenMonitorPage())
            Assert.Equal(1000, mapped.Page.Latency(Monitor));

        Assert.Equal(0, _standIn.Controls.Count);
        Assert.True(device.Primary.Channel.TrySend([1, 2, 3]));
        Assert.True(_standIn.Host.Channel.WaitToRead(Patience.Limit));
        LinuxGuestException second = Assert.Throws<LinuxGuestException>(() => _standIn.Open());
        Assert.Equal(LinuxGuestError.InUse, second.Error);
    }

    [Fact]
    public void A_device_that_is_not_bound_shows_none()
    {
        Directory.Delete(Path.Combine(_standIn.Tree.Sysfs.FindDevice(UioStandIn.Instance)!.Path, "uio"), recursive: true);

        Assert.Equal(LinuxGuestError.NotBound, Assert.Throws<LinuxGuestException>(() => _standIn.OpenMonitorPage()).Error);
    }

    [Theory]
    [InlineData(null), InlineData(8192), InlineData(0)]
    public void A_map_that_is_missing_or_no_page_is_refused(int? size)
    {
        if (size is { } bytes)
            _standIn.Announce(2, "monitor_page", bytes);
        else
            _standIn.Forget(2);

        LinuxGuestException error = Assert.Throws<LinuxGuestException>(() => _standIn.OpenMonitorPage());

        Assert.Equal(LinuxGuestError.BadMap, error.Error);
        Assert.Contains("monitor_page", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Errno.AccessDenied, LinuxGuestError.NotPermitted, "it needs root")]
    [InlineData(Errno.NoSuchFile, LinuxGuestError.NoDevice, "the device node does not exist")]
    internal void What_keeps_it_from_being_opened_is_said(Errno errno, LinuxGuestError expected, string advice)
    {
        LinuxGuestException error = Assert.Throws<LinuxGuestException>(
            () => UioMonitorPage.Open(_standIn.Tree.Sysfs, UioStandIn.Instance, path => throw new ErrnoException($"open of {path}", errno)));

        Assert.Equal(expected, error.Error);
        Assert.Contains(advice, error.Message, StringComparison.Ordinal);
    }
}
