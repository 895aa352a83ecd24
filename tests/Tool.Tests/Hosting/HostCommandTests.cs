using System.Runtime.Versioning;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Hosting;

/// <summary>What <c>vmbus host</c> refuses before it touches KVM. The rest is the system test's.</summary>
[SupportedOSPlatform("linux")]
public sealed class HostCommandTests
{
    [Theory]
    [InlineData("--device disc", "vmbus: --device disc: no such device; there are echo, heartbeat, timesync, shutdown, kvp, vss, fcopy, pipe, vsock, disk, net, tap")]
    [InlineData("--device disk", "vmbus: --device disk: a disk takes the file of its image, without blanks and commas: disk=FILE")]
    [InlineData("--device disk=", "vmbus: --device disk=: a disk takes the file of its image, without blanks and commas: disk=FILE")]
    [InlineData("--device net", "vmbus: --device net: a net takes a path without blanks and commas: net=PATH")]
    [InlineData("--device tap=", "vmbus: --device tap=: a tap takes the name of an interface: tap=NAME")]
    [InlineData("--device tap=sixteen-letters-", "vmbus: --device tap=sixteen-letters-: the name of an interface has at most 15 characters")]
    [InlineData("--device net=a,mac=1", "vmbus: --device net=a,mac=1: '1' is not an adapter's address; one looks like 00:15:5d:01:02:03")]
    [InlineData("--device net=a,mac=01:15:5d:01:02:03", "vmbus: --device net=a,mac=01:15:5d:01:02:03: '01:15:5d:01:02:03' is not an adapter's address; one looks like 00:15:5d:01:02:03")]
    [InlineData("--device net=a,mtu=575", "vmbus: --device net=a,mtu=575: an MTU is a number from 576 to 65521")]
    [InlineData("--device net=a,readonly", "vmbus: --device net=a,readonly: 'readonly' is unknown; known are mac=ADDRESS, mtu=N, monitor=LATENCY, and a path has no commas")]
    [InlineData("--device disk=a,b", "vmbus: --device disk=a,b: 'b' is unknown; known are monitor=LATENCY, readonly, and a path has no commas")]
    [InlineData("--device pipe=a,readonly", "vmbus: --device pipe=a,readonly: 'readonly' is unknown; known are monitor=LATENCY, and a path has no commas")]
    [InlineData("--device echo,quick", "vmbus: --device echo,quick: 'quick' is unknown; known are monitor=LATENCY, subchannel=N")]
    [InlineData("--device kvp,subchannel=1", "vmbus: --device kvp,subchannel=1: 'subchannel=1' is unknown; known are monitor=LATENCY")]
    [InlineData("--device echo,subchannel=0", "vmbus: --device echo,subchannel=0: a subchannel is a number from 1 to 65535")]
    [InlineData("--device echo,subchannel=-1", "vmbus: --device echo,subchannel=-1: a subchannel is a number from 1 to 65535")]
    [InlineData("--device kvp=3", "vmbus: --device kvp=3: kvp takes no argument; echo=N, fcopy=FILE, pipe=PATH, vsock=PATH, disk=FILE, net=PATH and tap=NAME do")]
    [InlineData("--device pipe", "vmbus: --device pipe: a pipe takes a path without blanks and commas: pipe=PATH")]
    [InlineData("--device pipe=", "vmbus: --device pipe=: a pipe takes a path without blanks and commas: pipe=PATH")]
    [InlineData("--device pipe=/a\tb", "vmbus: --device pipe=/a\tb: a pipe takes a path without blanks and commas: pipe=PATH")]
    [InlineData("--device vsock", "vmbus: --device vsock: a vsock takes a path without blanks and commas: vsock=PATH")]
    [InlineData("--device pipe=/a,b", "vmbus: --device pipe=/a,b: 'b' is unknown; known are monitor=LATENCY, and a path has no commas")]
    [InlineData("--device echo,monitor=1s", "vmbus: --device monitor 1s: must be between 100 ns and 6.554 ms")]
    [InlineData("--memory 1M", "vmbus: --memory 1M: must be between 64M and 256G")]
    [InlineData("--memory 256.1G", "vmbus: --memory 256.1G: must be between 64M and 256G")]
    [InlineData("--memory much", "vmbus: --memory much: not an amount of memory; give 512M, 1.5G, or bytes, between 64M and 256G")]
    [InlineData("--record-limit 1K", "vmbus: --record-limit 1K: must be between 1M and 1024G")]
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
        Assert.Equal("vmbus: cannot read the kernel '/no/such/kernel': no such file or directory\n", terminal.Error);
        using FakeTerminal folder = new();
        Assert.Equal(ExitCode.Failed, await folder.Run(FakeEngines.Good, ["host", "--kernel", "/"]));
        Assert.Equal("vmbus: cannot read the kernel '/': it is a directory\n", folder.Error);

        string file = Path.GetTempFileName();
        File.WriteAllText(file, "no kernel");
        using FakeTerminal second = new();
        Assert.Equal(ExitCode.Failed, await second.Run(FakeEngines.Good, ["host", "--kernel", file]));
        File.Delete(file);
        Assert.Equal("vmbus: The kernel is not a bzImage: it has no setup header.\n", second.Error);
    }

    [Fact]
    public void Devices_are_named_with_what_they_take()
    {
        Assert.Equal(new DeviceOffer("echo", "7", TimeSpan.FromMicroseconds(100)), DeviceOffer.Parse("echo=7,monitor=100us"));
        Assert.Equal("echo7", DeviceOffer.Parse("echo=7").Title);
        Assert.Equal(new DeviceOffer("echo", "7", null, 3), DeviceOffer.Parse("echo=7,subchannel=3"));
        Assert.Equal("echo7.3", DeviceOffer.Parse("echo=7,subchannel=3").Title);
        Assert.Equal(new DeviceOffer("kvp", null, null), DeviceOffer.Parse("kvp"));
        Assert.Equal(new DeviceOffer("vss", null, null), DeviceOffer.Parse("vss"));
        Assert.Equal(new DeviceOffer("pipe", "/tmp/a=b", TimeSpan.FromMicroseconds(50)), DeviceOffer.Parse("pipe=/tmp/a=b,monitor=50us"));
        Assert.Equal(new DeviceOffer("fcopy", "/tmp/a b", null), DeviceOffer.Parse("fcopy=/tmp/a b"));
        Assert.Equal("fcopy", DeviceOffer.Parse("fcopy=/tmp/a b").Title);
        Assert.Equal("pipe=/tmp/a", DeviceOffer.Parse("pipe=/tmp/a").Title);
        Assert.Equal(new DeviceOffer("disk", "/tmp/a.img", TimeSpan.FromMicroseconds(100), IsReadOnly: true), DeviceOffer.Parse("disk=/tmp/a.img,readonly,monitor=100us"));
        DeviceOffer net = DeviceOffer.Parse("net=/tmp/net.sock,mac=00:15:5d:01:02:03,mtu=9000");
        Assert.Equal(("net", "/tmp/net.sock", "00155D010203", 9000, false), (net.Name, net.Argument, net.Address?.ToString(), net.Mtu, net.IsTap));
        Assert.Equal(("tap=vm0", true, null), (DeviceOffer.Parse("tap=vm0").Title, DeviceOffer.Parse("tap=vm0").IsTap, DeviceOffer.Parse("tap=vm0").Mtu));
        Assert.Equal("disk=/tmp/a.img", DeviceOffer.Parse("disk=/tmp/a.img").Title);
    }

    // The kernel's daemons make what stands before a slash.
    [Theory]
    [InlineData("/a/b/name", "/a/b/")]
    [InlineData("/name", "/")]
    [InlineData("name", "")]
    [InlineData("a/name", "a/")]
    public void The_folder_of_a_file_ends_with_a_slash(string path, string folder)
    {
        Assert.Equal(folder, FileToGuest.FolderOf(path));
        string longest = "/" + new string('x', 258);
        Assert.Equal(longest, FileToGuest.FolderOf(longest + "/name"));
    }

    // A read that never ends stands for a guest that does not answer.
    [Fact]
    public async Task A_command_that_waits_holds_up_no_other_and_ends_with_the_guest()
    {
        using var said = new SharedText();
        using CancellationTokenSource end = new();
        var waiting = new TaskCompletionSource<string>();
        var commands = new HostCommands(new StringReader("kvp get a\nkvp get b\nstop\n"), new HostNotes(said))
        {
            Answer = words => words[0] == "kvp" ? waiting.Task : Task.FromResult("done"),
        };

        Task run = commands.RunAsync(null!, end.Token);
        Background.Until(() => said.ToString().Contains("stop: done", StringComparison.Ordinal), "the guest is stopped");
        Assert.DoesNotContain("kvp", said.ToString(), StringComparison.Ordinal);
        Assert.False(run.IsCompleted);
        await end.CancelAsync();
        waiting.SetCanceled(end.Token);
        await run.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
        Assert.Contains("kvp get a: not done: the guest has ended\n", said.ToString(), StringComparison.Ordinal);
        Assert.Contains("kvp get b: not done: the guest has ended\n", said.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_of_one_device_and_those_behind_an_offer_keep_their_order()
    {
        using var said = new SharedText();
        List<string> begun = [];
        var offer = new TaskCompletionSource<string>();
        var first = new TaskCompletionSource<string>();
        var commands = new HostCommands(new StringReader("offer kvp\nkvp set a 1\nkvp get a\ntime\n"), new HostNotes(said))
        {
            Answer = words =>
            {
                lock (begun)
                    begun.Add(string.Join(' ', words));
                return words switch { ["offer", ..] => offer.Task, ["kvp", "set", ..] => first.Task, _ => Task.FromResult("done") };
            },
        };

        Task run = commands.RunAsync(null!, TestContext.Current.CancellationToken);
        Background.Until(() => Begun() > 0, "the offer");
        Assert.Equal(1, Begun());
        offer.SetResult("done");
        Background.Until(() => said.ToString().Contains("time: done", StringComparison.Ordinal), "another device is asked");
        Assert.DoesNotContain("kvp get a", begun);
        first.SetResult("done");
        await run.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
        Assert.Equal("kvp get a", begun[^1]);

        int Begun()
        {
            lock (begun)
                return begun.Count;
        }
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

    // Written by the commands, read by the test meanwhile.
    private sealed class SharedText : StringWriter
    {
        private readonly Lock _sync = new();

        public override void WriteLine(string? value)
        {
            lock (_sync)
                base.Write(value + "\n");
        }

        public override string ToString()
        {
            lock (_sync)
                return base.ToString();
        }
    }
}
