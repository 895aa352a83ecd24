using VmBus.Tool.Hosting;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Hosting;

/// <summary>What <c>vmbus host</c> refuses before it touches KVM. The rest is the system test's.</summary>
public sealed class HostCommandTests
{
    [Theory]
    [InlineData("--device disk", "vmbus: --device disk: no such device; there are echo, heartbeat, timesync, shutdown, kvp, fcopy")]
    [InlineData("--device echo,quick", "vmbus: --device echo,quick: 'quick' is not understood; there is monitor=LATENCY")]
    [InlineData("--device echo,monitor=1s", "vmbus: --device monitor 1s: must be between 100 ns and 6.554 ms")]
    [InlineData("--memory 1M", "vmbus: --memory 1M: must be between 67108864 and 2147479552 bytes")]
    [InlineData("--vps 0", "vmbus: --vps 0: must be between 1 and 64")]
    public async Task Bad_usage_is_one_line(string options, string error)
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Usage, await terminal.Run(FakeEngines.Good, ["host", "--kernel", "k", .. options.Split(' ')]));
        Assert.Equal(error + "\n", terminal.Error);
    }

    [Fact]
    public async Task A_kernel_that_cannot_be_read_or_is_none_is_said()
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Failed, await terminal.Run(FakeEngines.Good, ["host", "--kernel", "/no/such/kernel"]));
        Assert.StartsWith("vmbus: cannot read the kernel '/no/such/kernel': ", terminal.Error, StringComparison.Ordinal);

        string file = Path.GetTempFileName();
        File.WriteAllText(file, "no kernel");
        using FakeTerminal second = new();
        Assert.Equal(ExitCode.Failed, await second.Run(FakeEngines.Good, ["host", "--kernel", file]));
        File.Delete(file);
        Assert.Equal("vmbus: The kernel is no bzImage: it has no setup header.\n", second.Error);
    }

    [Fact]
    public void Devices_are_named_with_what_they_take()
    {
        Assert.Equal(new DeviceOffer("echo", "7", TimeSpan.FromMicroseconds(100)), DeviceOffer.Parse("echo=7,monitor=100us"));
        Assert.Equal("echo7", DeviceOffer.Parse("echo=7").Title);
        Assert.Equal(new DeviceOffer("kvp", null, null), DeviceOffer.Parse("kvp"));
    }
}
