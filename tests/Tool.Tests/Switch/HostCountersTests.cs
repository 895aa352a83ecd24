using VmBus.Switch;

namespace VmBus.Tool.Tests.Switch;

public class HostCountersTests
{
    [Fact]
    public void A_disk_s_line_is_read() =>
        Assert.Equal(new HostCounters(3248, 960, 3240, 21106), HostCounters.Parse(SwitchLines.Disk, "disk="));

    [Fact]
    public void An_adapter_s_requests_are_the_frames_of_the_guest() =>
        Assert.Equal(new HostCounters(30, 29, 28, 4), HostCounters.Parse(SwitchLines.Tap, "tap="));

    [Theory]
    [InlineData(SwitchLines.Disk, "tap=")]
    [InlineData(SwitchLines.Tap, "disk=")]
    [InlineData("host    1.000: disk=/a is open: relid 1, monitor 0, VP 0", "disk=")]
    [InlineData("host    1.000: disk=/a: relid 1, closed, monitor 0; 0 reads of 0 bytes", "disk=")]
    [InlineData("host    1.000: echo9: relid 3, closed, monitor -; 0 packets sent back, 0 wakeups", "disk=")]
    [InlineData("", "disk=")]
    public void Other_lines_have_none(string line, string device) => Assert.Null(HostCounters.Parse(line, device));

    [Fact]
    public void Rounds_are_differences_and_add_up()
    {
        var before = new HostCounters(10, 4, 9, 100);
        var after = new HostCounters(25, 10, 22, 150);
        Assert.Equal(new HostCounters(15, 6, 13, 50), after - before);
        Assert.Equal(new HostCounters(35, 14, 31, 250), before + after);
    }
}
