using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

/// <summary>What the kernel's histogram says, and where there is none. That it counts is the system test's affair.</summary>
public sealed class SignalTraceTests
{
    [Fact]
    public void A_histogram_is_read_by_relid()
    {
        const string Histogram = """
            # event histogram
            #
            # trigger info: hist:keys=relid:vals=hitcount:sort=hitcount:size=2048 [active]
            #

            { relid:          3 } hitcount:          1
            { relid:         14 } hitcount:      40312
            { relid: 4294967295 } hitcount:  18446744073709551615

            Totals:
                Hits: 40313
                Entries: 2
                Dropped: 0
            """;
        Assert.Equal(new Dictionary<uint, ulong> { [3] = 1, [14] = 40312, [uint.MaxValue] = ulong.MaxValue }, SignalTrace.Parse(Histogram));
        Assert.Empty(SignalTrace.Parse(""));
    }

    [Fact]
    public void Without_tracefs_and_without_histograms_it_says_what_is_missing()
    {
        using SysfsTree tree = new("bus/vmbus/devices/");
        LinuxGuestException none = Assert.Throws<LinuxGuestException>(() => SignalTrace.Start(tree.Sysfs));
        Assert.Equal(LinuxGuestError.NotPermitted, none.Error);
        Assert.Contains("mount -t tracefs", none.Message, StringComparison.Ordinal);

        Directory.CreateDirectory(tree.Full("kernel/tracing/instances"));
        LinuxGuestException old = Assert.Throws<LinuxGuestException>(() => SignalTrace.Start(tree.Sysfs));
        Assert.Equal(LinuxGuestError.KernelTooOld, old.Error);
        Assert.Contains("CONFIG_HIST_TRIGGERS", old.Message, StringComparison.Ordinal);
    }
}
