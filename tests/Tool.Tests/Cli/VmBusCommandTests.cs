using System.Text.Json.Nodes;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Cli;

public class VmBusCommandTests
{
    [Theory]
    [InlineData("latency --frobnicate", "vmbus: Unrecognized command or argument '--frobnicate' (see 'vmbus latency --help')")]
    [InlineData("latnecy", "vmbus: Unrecognized command or argument 'latnecy'; did you mean 'latency'? (see 'vmbus --help')")]
    [InlineData("latency --size", "vmbus: Required argument missing for option: '--size' (see 'vmbus latency --help')")]
    [InlineData("latency --size 8", "vmbus: --size 8: must be between 16 and 524264 bytes")]
    [InlineData("latency --size 8K --ring 8K", "vmbus: --size 8192: a message of 8K does not fit a ring of 8K (see --ring)")]
    [InlineData("latency --window 7ms", "vmbus: --window 7ms: must be between 100 ns and 6.554 ms")]
    [InlineData("latency --window soon", "vmbus: --window soon: not a duration; give microseconds, or a number with ns, us, ms or s")]
    [InlineData("latency --seconds 0", "vmbus: --seconds 0: must be between 0.01 and 3600 seconds")]
    [InlineData("latency --seconds long", "vmbus: --seconds long: not a number of seconds")]
    [InlineData("latency --processes 3", "vmbus: --processes 3: must be 1 (guest and host in one process) or 2 (a process each)")]
    [InlineData("latency --simulate --processes 2", "vmbus: --simulate runs under one fake clock and so in one process: leave out --processes 2")]
    [InlineData("latency --modes fast", "vmbus: --modes fast: 'fast' is not one of monitored, low-latency, adaptive")]
    [InlineData("latency --loads paced,heavy", "vmbus: --loads paced,heavy: 'heavy' is not one of ping-pong, paced, saturating, acknowledged, mixed")]
    [InlineData("latency --plot picture.jpg", "vmbus: --plot picture.jpg: the name must end in .png")]
    [InlineData("latency --plot /no/such/folder/x.png", "vmbus: --plot /no/such/folder/x.png: there is no directory '/no/such/folder'")]
    [InlineData("copy one", "vmbus: Required argument missing for command: 'copy' (see 'vmbus copy --help')")]
    [InlineData("copy a b --mode quick", "vmbus: --mode quick: must be both, monitored, low-latency, adaptive")]
    [InlineData("copy - b --mode both", "vmbus: standard input can be read only once: choose one --mode (monitored, low-latency or adaptive)")]
    [InlineData("copy a - --mode both", "vmbus: standard output would get the data twice: choose one --mode (monitored, low-latency or adaptive)")]
    [InlineData("copy a - --json", "vmbus: --json needs standard output for itself: copy to a file")]
    [InlineData("copy a ./a", "vmbus: 'a' and './a' are the same file")]
    public async Task Bad_usage_is_one_line_and_exit_code_2(string line, string error)
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Usage, await terminal.Run(FakeEngines.Good, line.Split(' ')));
        Assert.Equal(error + "\n", terminal.Error);
        Assert.Equal("", terminal.Out);
    }

    [Theory]
    [InlineData(FakeEngines.Disconnected, "latency --simulate", "vmbus: The host process (channel 7) ended.")]
    [InlineData(FakeEngines.Defect, "latency --simulate", "vmbus: unexpected InvalidOperationException: A defect over two lines. (--verbose shows where)")]
    [InlineData(FakeEngines.Good, "copy /no/such/file /dev/null", "vmbus: cannot read '/no/such/file': no such file or directory")]
    [InlineData(FakeEngines.Good, "copy / /dev/null", "vmbus: cannot read '/': it is a directory")]
    public async Task A_failure_is_one_line_and_exit_code_1(string scenario, string line, string error)
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Failed, await terminal.Run(scenario, line.Split(' ')));
        Assert.Equal(error, terminal.Error.TrimEnd().Split('\n')[^1]);
        Assert.DoesNotContain("   at ", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verbose_shows_where_an_error_comes_from()
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Failed, await terminal.Run(FakeEngines.Defect, "latency", "--simulate", "--verbose"));
        Assert.Contains("   at VmBus.Tool.Tests.Fakes.FakeEngines", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_run_exits_as_interrupted()
    {
        using FakeTerminal terminal = new();
        using CancellationTokenSource cancellation = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Task<int> run = VmBusCommand.RunAsync(["latency", "--simulate", "--seconds", "3600"], terminal.Terminal, FakeEngines.For(FakeEngines.Slow), cancellation.Token);
        cancellation.Cancel();
        Assert.Equal(ExitCode.Interrupted, await run.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        Assert.Equal("vmbus: interrupted\n", terminal.Error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--help")]
    [InlineData("latency --help")]
    [InlineData("copy --help")]
    [InlineData("copy -h")]
    [InlineData("top --help")]
    [InlineData("monitor --help")]
    [InlineData("bind --help")]
    [InlineData("unbind --help")]
    [InlineData("fcopy --help")]
    public async Task Help_has_examples_and_exit_code_0(string line)
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Contains("Examples:\n  ", terminal.Out, StringComparison.Ordinal);
        Assert.Equal("", terminal.Error);
    }

    [Fact]
    public void Defaults_in_the_help_are_the_defaults()
    {
        using FakeTerminal terminal = new();
        LatencyCommand command = new(terminal.Terminal, FakeEngines.For(FakeEngines.Good));
        Assert.Equivalent(new LatencyOptions(), command.Read(command.Command.Parse([])), strict: true);
        CopyCommand copy = new(terminal.Terminal, FakeEngines.For(FakeEngines.Good));
        Assert.Equivalent(new CopyOptions { Input = "a", Output = "b" }, copy.Read(copy.Command.Parse(["a", "b"])), strict: true);
    }

    [Fact]
    public void Every_option_is_read()
    {
        using FakeTerminal terminal = new();
        LatencyCommand command = new(terminal.Terminal, FakeEngines.For(FakeEngines.Good));
        LatencyOptions options = command.Read(command.Command.Parse(
            "--seconds 0.5 --size 256 --window 50us --pace 2ms --ring 64K --modes adaptive --loads mixed,paced --processes 2 --hypercall-cost 2us --wake-cost 5 --json --plot x.png"));
        Assert.Equivalent(
            new LatencyOptions
            {
                CellTime = TimeSpan.FromSeconds(0.5),
                MessageSize = 256,
                Window = TimeSpan.FromMicroseconds(50),
                Pace = TimeSpan.FromMilliseconds(2),
                RingSize = 65536,
                Modes = [VmBus.SignalMode.Adaptive],
                Loads = [LoadKind.Paced, LoadKind.Mixed],
                Processes = 2,
                HypercallCost = TimeSpan.FromMicroseconds(2),
                WakeCost = TimeSpan.FromMicroseconds(5),
                Json = true,
                PlotFile = "x.png",
            },
            options,
            strict: true);
    }

    [Fact]
    public async Task A_run_prints_tables_to_output_and_a_line_a_cell_to_error()
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, "latency", "--simulate"));
        Assert.Contains("All 9 expectations hold in this run.", terminal.Out, StringComparison.Ordinal);
        string[] lines = terminal.Error.TrimEnd().Split('\n');
        Assert.Equal(12, lines.Length);
        Assert.StartsWith("12/12 mixed, adaptive: p50 ", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_is_all_that_goes_to_output()
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, "latency", "--simulate", "--json"));
        JsonNode document = JsonNode.Parse(terminal.Out)!;
        Assert.Equal("vmbus-latency/1", (string?)document["schema"]);
        Assert.Null(document["machine"]);
        Assert.Equal(12, document["cells"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_plot_is_drawn_where_asked()
    {
        string file = Path.Combine(Path.GetTempPath(), $"vmbus-{Guid.NewGuid():N}.png");
        try
        {
            using FakeTerminal terminal = new();
            Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, "latency", "--simulate", "--plot", file));
            Assert.EndsWith($"Distributions drawn in {file}\n", terminal.Out, StringComparison.Ordinal);
            Assert.True(new FileInfo(file).Length > 10_000);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task What_latency_records_trace_prints()
    {
        string file = Path.Combine(Path.GetTempPath(), $"vmbus-{Guid.NewGuid():N}.rec");
        try
        {
            using FakeTerminal measured = new();
            Assert.Equal(ExitCode.Success, await VmBusCommand.RunAsync(
                ["latency", "--seconds", "0.05", "--modes", "monitored,low-latency", "--loads", "ping-pong", "--record", file], measured.Terminal, Engines.Product, TestContext.Current.CancellationToken));
            using FakeTerminal traced = new();
            Assert.Equal(ExitCode.Success, await VmBusCommand.RunAsync(["trace", file], traced.Terminal, Engines.Product, TestContext.Current.CancellationToken));
            Assert.Equal(2, traced.Out.Split("OpenChannelResult").Length - 1);
            Assert.Contains("36 messages", traced.Out, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("--simulate")]
    [InlineData("--processes", "2")]
    public async Task A_conversation_that_is_not_held_cannot_be_recorded(params string[] how)
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Usage, await terminal.Run(FakeEngines.Good, ["latency", "--record", "/dev/null", .. how]));
        Assert.Contains("--record", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_product_without_engines_says_so()
    {
        using FakeTerminal terminal = new();
        Engines none = new() { Latency = (_, _) => throw new ToolException("latency: none"), Copy = _ => throw new ToolException("copy: none") };
        Assert.Equal(ExitCode.Failed, await VmBusCommand.RunAsync(["latency"], terminal.Terminal, none, TestContext.Current.CancellationToken));
        Assert.Equal("vmbus: latency: none\n", terminal.Error);
    }
}
