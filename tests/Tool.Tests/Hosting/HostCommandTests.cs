using System.Runtime.Versioning;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Hosting;

/// <summary>What <c>vmbus host</c> refuses before it touches KVM. The rest is the system test's.</summary>
[SupportedOSPlatform("linux")]
public sealed class HostCommandTests
{
    [Theory]
    [InlineData("--device disk", "vmbus: --device disk: no such device; there are echo, heartbeat, timesync, shutdown, kvp, fcopy, pipe")]
    [InlineData("--device echo,quick", "vmbus: --device echo,quick: 'quick' is not understood; there is monitor=LATENCY, subchannel=N")]
    [InlineData("--device kvp,subchannel=1", "vmbus: --device kvp,subchannel=1: 'subchannel=1' is not understood; there is monitor=LATENCY")]
    [InlineData("--device echo,subchannel=0", "vmbus: --device echo,subchannel=0: a subchannel is a number from 1 to 65535")]
    [InlineData("--device echo,subchannel=-1", "vmbus: --device echo,subchannel=-1: a subchannel is a number from 1 to 65535")]
    [InlineData("--device kvp=3", "vmbus: --device kvp=3: kvp takes no argument; echo=N, fcopy=FILE and pipe=PATH do")]
    [InlineData("--device pipe", "vmbus: --device pipe: a pipe takes a path without blanks and commas: pipe=PATH")]
    [InlineData("--device pipe=", "vmbus: --device pipe=: a pipe takes a path without blanks and commas: pipe=PATH")]
    [InlineData("--device pipe=/a\tb", "vmbus: --device pipe=/a\tb: a pipe takes a path without blanks and commas: pipe=PATH")]
    [InlineData("--device pipe=/a,b", "vmbus: --device pipe=/a,b: 'b' is not understood; there is monitor=LATENCY, and a path has no commas")]
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
        Assert.Equal(new DeviceOffer("echo", "7", null, 3), DeviceOffer.Parse("echo=7,subchannel=3"));
        Assert.Equal("echo7.3", DeviceOffer.Parse("echo=7,subchannel=3").Title);
        Assert.Equal(new DeviceOffer("kvp", null, null), DeviceOffer.Parse("kvp"));
        Assert.Equal(new DeviceOffer("pipe", "/tmp/a=b", TimeSpan.FromMicroseconds(50)), DeviceOffer.Parse("pipe=/tmp/a=b,monitor=50us"));
        Assert.Equal(new DeviceOffer("fcopy", "/tmp/a b", null), DeviceOffer.Parse("fcopy=/tmp/a b"));
        Assert.Equal("fcopy", DeviceOffer.Parse("fcopy=/tmp/a b").Title);
        Assert.Equal("pipe=/tmp/a", DeviceOffer.Parse("pipe=/tmp/a").Title);
    }

    [Fact]
    public async Task Help_lists_the_commands_and_so_does_one_that_is_not_understood()
    {
        using var said = new StringWriter { NewLine = "\n" };
        // Neither asks anything of a guest.
        await new HostCommands(new StringReader("help\nhop\n"), new HostNotes(said)).RunAsync(null!, TestContext.Current.CancellationToken);
        string[] answers = said.ToString().Split("host ", StringSplitOptions.RemoveEmptyEntries);
        Assert.EndsWith($": help: there is:\n{HostCommands.Help}\n", answers[0], StringComparison.Ordinal);
        Assert.EndsWith($": hop: not understood. There is:\n{HostCommands.Help}\n", answers[1], StringComparison.Ordinal);
    }
}
