using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

// The flag of a channel that a kernel driver has, over the stand-in of the module.
[SupportedOSPlatform("linux")]
public sealed class KernelChannelTests
{
    private static readonly Guid Device = new("2450ee40-33bf-4fbd-892e-9fb06e9214cf");

    private readonly StandInModule _module = new();

    private VmBusSysfs Sysfs => new() { OpenSignal = _module.OpenNode };

    private StandInModule.Channel Add(uint relid = 0, int? monitorId = 3) => _module.Channels[(Device, relid)] = new(monitorId);

    [Fact]
    public void A_flag_is_set_until_it_is_taken_back()
    {
        StandInModule.Channel there = Add();
        using KernelChannel channel = KernelChannel.Open(Device, sysfs: Sysfs);
        Assert.Equal((false, false, 0u, 3, true, true, false), Told(channel));

        channel.SetLowLatency(true);
        channel.SetLowLatency(true);
        Assert.Equal((true, true, 1u, 3, true, true, false), Told(channel));
        channel.SetLowLatency(false);
        Assert.False(there.IsLowLatency);
    }

    [Fact]
    public void A_flag_goes_back_with_the_last_that_asked_for_it()
    {
        StandInModule.Channel there = Add();
        KernelChannel first = KernelChannel.Open(Device, sysfs: Sysfs), second = KernelChannel.Open(Device, sysfs: Sysfs);
        first.SetLowLatency(true);
        second.SetLowLatency(true);
        first.Dispose();
        first.Dispose();
        Assert.True(there.IsLowLatency);
        second.Dispose();
        Assert.False(there.IsLowLatency);
        Assert.Throws<ObjectDisposedException>(() => first.GetState());
        Assert.Throws<ObjectDisposedException>(() => first.SetLowLatency(true));
    }

    [Fact]
    public void A_flag_that_is_kept_stays_and_is_taken_back_by_another()
    {
        StandInModule.Channel there = Add();
        using (KernelChannel channel = KernelChannel.Open(Device, sysfs: Sysfs))
            channel.SetLowLatency(true, keep: true);
        Assert.Equal((true, 0), (there.IsLowLatency, _module.Open));
        using (KernelChannel channel = KernelChannel.Open(Device, sysfs: Sysfs))
        {
            Assert.Equal((true, false, 0u, 3, true, true, true), Told(channel));
            channel.SetLowLatency(false, keep: true);
        }

        Assert.False(there.IsLowLatency);
    }

    [Fact]
    public void Who_may_not_set_the_flag_may_look()
    {
        Add(5, monitorId: null);
        _module.IsRoot = false;
        using KernelChannel channel = KernelChannel.Open(Device, 5, Sysfs);
        Assert.Equal((false, false, 0u, (int?)null, false, false, false), Told(channel));
        foreach (bool keep in (bool[])[false, true])
        {
            LinuxGuestException refused = Assert.Throws<LinuxGuestException>(() => channel.SetLowLatency(true, keep));
            Assert.Equal(LinuxGuestError.NotPermitted, refused.Error);
            Assert.Contains("CAP_SYS_ADMIN", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal(1, _module.Open);
    }

    [Fact]
    public void A_channel_that_has_ended_says_so()
    {
        Add();
        using KernelChannel channel = KernelChannel.Open(Device, sysfs: Sysfs);
        _module.End(Device);
        Assert.Contains(Device.ToString(), Assert.Throws<PeerDisconnectedException>(() => channel.GetState()).Message, StringComparison.Ordinal);
        Assert.Throws<PeerDisconnectedException>(() => channel.SetLowLatency(true));
    }

    [Fact]
    public void Without_the_module_the_error_says_how_to_get_it()
    {
        VmBusSysfs bare = new(devices: Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));
        Assert.False(KernelChannel.IsAvailable(bare));
        LinuxGuestException error = Assert.Throws<LinuxGuestException>(() => KernelChannel.Open(Device, sysfs: bare));
        Assert.Equal(LinuxGuestError.NoModule, error.Error);
        Assert.Contains("modprobe vmbus_signal", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((int)Errno.NoSuchAddress, LinuxGuestError.NotBound)]
    [InlineData((int)Errno.NoSuchDevice, LinuxGuestError.NoDevice)]
    [InlineData((int)Errno.AccessDenied, LinuxGuestError.NotPermitted)]
    [InlineData((int)Errno.NoSuchControl, LinuxGuestError.KernelTooOld)]
    [InlineData((int)Errno.OutOfMemory, LinuxGuestError.Refused)]
    public void What_the_module_refuses_is_told(int answer, LinuxGuestError error)
    {
        Add();
        _module.Fault = (Errno)answer;
        Assert.Equal(error, Assert.Throws<LinuxGuestException>(() => KernelChannel.Open(Device, sysfs: Sysfs)).Error);
        Assert.Equal(0, _module.Open);
    }

    [Fact]
    public void A_channel_that_is_not_there_and_a_module_of_another_version_are_told()
    {
        Assert.Equal(LinuxGuestError.NoDevice, Assert.Throws<LinuxGuestException>(() => KernelChannel.Open(Device, 9, Sysfs)).Error);
        Add();
        _module.Version = 2;
        Assert.Equal(LinuxGuestError.KernelTooOld, Assert.Throws<LinuxGuestException>(() => KernelChannel.Open(Device, sysfs: Sysfs)).Error);
        Assert.Equal(0, _module.Open);
    }

    private static (bool Flag, bool Requested, uint Requests, int? Monitor, bool MayRequest, bool MayKeep, bool Kept) Told(KernelChannel channel)
    {
        KernelChannelState state = channel.GetState();
        return (state.IsLowLatency, state.IsRequested, state.Requests, state.MonitorId, state.MayRequest, state.MayKeep, state.IsKept);
    }
}
