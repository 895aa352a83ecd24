using System.Runtime.Versioning;
using System.Text.Json;
using VmBus.Backends.Tests.Linux;
using VmBus.Linux;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.LowLatency;

/// <summary>What <c>vmbus low-latency</c> shows and sets in a guest whose kernel and module are stand-ins.</summary>
[SupportedOSPlatform("linux")]
public sealed class LowLatencyCommandTests : IDisposable
{
    private static readonly Guid Network = new("ed963694-e847-4b2a-85af-bc9cfc11d6f3");
    private static readonly Guid Balloon = new("1eccfd72-4b41-45ef-b73a-4a6e44c12924");

    private readonly SysfsTree _tree = SysfsTree.Load("synthetic-linux-6.12.tree");
    private readonly StandInModule _module = new();
    private readonly FakeTerminal _terminal = new();

    public LowLatencyCommandTests()
    {
        foreach ((uint relid, int monitor) in (ReadOnlySpan<(uint, int)>)[(0, 41), (21, 42), (22, 43)])
            _module.Channels[(Network, relid)] = new(monitor);
    }

    public void Dispose()
    {
        _terminal.Dispose();
        _tree.Dispose();
        Assert.Equal(0, _module.Open);
    }

    [Fact]
    public async Task Channels_with_a_monitor_are_listed_with_their_flag()
    {
        Channel(21).IsKept = true;
        Channel(22).Holders = 2;
        Channel(22).Calls = 7;
        Assert.Equal(ExitCode.Success, await Run("low-latency"));
        Assert.Equal("""
              chan  device     driver     mon  latency  flag                by hypercall
              ────  ─────────  ─────────  ───  ───────  ──────────────────  ────────────
                14  network    hv_netvsc   41   100 us  off                            0
                21  network/1  hv_netvsc   42        -  on, kept                       0
                22  network/2  hv_netvsc   43        -  on, asked for by 2             7

            """.ReplaceLineEndings("\n"), _terminal.Out[..(_terminal.Out.IndexOf("\n\n", StringComparison.Ordinal) + 1)].Replace("µs", "us", StringComparison.Ordinal));
        Assert.Contains("No monitor, each signal is a hypercall: ", _terminal.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("modprobe", _terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_module_it_lists_what_sysfs_shows_and_says_how_to_get_more()
    {
        Assert.Equal(ExitCode.Success, await RunBare("low-latency"));
        Assert.Contains("  network    hv_netvsc   41", _terminal.Out, StringComparison.Ordinal);
        Assert.Contains("To see and set the flag, load the module vmbus_signal", _terminal.Out.ReplaceLineEndings(" "), StringComparison.Ordinal);

        Assert.Equal(ExitCode.Failed, await RunBare("low-latency", "network"));
        Assert.Contains("modprobe vmbus_signal", _terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("network")]
    [InlineData("ed963694-e847-4b2a-85af-bc9cfc11d6f3")]
    [InlineData("--all-of hv_netvsc")]
    public async Task A_device_is_set_with_its_subchannels_and_taken_back(string device)
    {
        Assert.Equal(ExitCode.Success, await Run(["low-latency", .. device.Split(' ')]));
        Assert.Equal("""
            channel 14 (network) signals by hypercall from now on
            channel 21 (network/1) signals by hypercall from now on
            channel 22 (network/2) signals by hypercall from now on

            """.ReplaceLineEndings("\n"), _terminal.Out);
        Assert.Equal([true, true, true], Flags());
        Assert.Equal(ExitCode.Success, await Run(["low-latency", "--off", .. device.Split(' ')]));
        Assert.Contains("channel 22 (network/2) signals by its monitor from now on\n", _terminal.Out, StringComparison.Ordinal);
        Assert.Equal([false, false, false], Flags());
    }

    [Fact]
    public async Task A_flag_that_another_process_asks_for_stays_and_that_is_told()
    {
        Channel(0).Holders = 1;
        Assert.Equal(ExitCode.Success, await Run("low-latency", "network", "--off"));
        Assert.Contains("channel 14 (network) signals by hypercall still: 1 process asks for it\n", _terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_one_channel_is_refused_the_others_go_back()
    {
        _module.Channels.Remove((Network, 22));
        Channel(0).IsKept = true;
        Assert.Equal(ExitCode.Failed, await Run("low-latency", "network"));
        Assert.Contains("no channel 22 of device", _terminal.Error, StringComparison.Ordinal);
        Assert.Equal((true, false), (Channel(0).IsKept, Channel(21).IsKept));
    }

    [Fact]
    public async Task It_takes_root()
    {
        _module.IsRoot = false;
        Assert.Equal(ExitCode.Failed, await Run("low-latency", "network"));
        Assert.Contains("CAP_SYS_ADMIN", _terminal.Error, StringComparison.Ordinal);
        Assert.Equal([false, false, false], Flags());
    }

    [Fact]
    public async Task Until_exit_it_holds_also_channels_that_come_later_and_then_gives_all_back()
    {
        _module.Channels.Remove((Network, 22));
        using CancellationTokenSource stop = new();
        Task<int> run = Run(stop.Token, "low-latency", "network", "--until-exit");
        await UntilAsync(() => Channel(21).Holders == 1);
        _module.Channels[(Network, 22)] = new(43);
        await UntilAsync(() => Channel(22).Holders == 1);
        await UntilAsync(() => _terminal.Out.Contains("channel 22", StringComparison.Ordinal));

        // The driver opens its channels again: the flag is asked for again.
        _module.End(Network);
        Assert.False(Channel(0).IsLowLatency);
        await UntilAsync(() => Flags().SequenceEqual([true, true, true]));
        Assert.Equal(3, _module.Open);

        await stop.CancelAsync();
        Assert.Equal(ExitCode.Success, await run);
        Assert.Equal([false, false, false], Flags());
    }

    [Fact]
    public async Task A_device_that_the_flag_does_not_touch_is_told_why()
    {
        _tree.Write($"bus/vmbus/devices/{Balloon}/channels/8/monitor_id", "44\n");
        Assert.Equal(ExitCode.Success, await Run("low-latency", "balloon"));
        Assert.Equal("channel 8 (balloon) is a program's (uio_hv_generic), which the flag does not touch: set SignalMode there\n", _terminal.Out);
    }

    [Theory]
    [InlineData("low-latency network --all-of hv_netvsc", ExitCode.Usage, "leave one out")]
    [InlineData("low-latency --off", ExitCode.Usage, "name a device")]
    [InlineData("low-latency network --off --until-exit", ExitCode.Usage, "do not go together")]
    [InlineData("low-latency --all-of hv_none", ExitCode.Failed, "no device of this guest has the driver hv_none: drivers are hv_netvsc, hv_storvsc, hv_utils, uio_hv_generic")]
    [InlineData("low-latency keyboard", ExitCode.Failed, "this guest has no device keyboard")]
    public async Task What_cannot_be_is_one_line(string line, int exitCode, string error)
    {
        Assert.Equal(exitCode, await Run(line.Split(' ')));
        Assert.Contains(error, _terminal.Error, StringComparison.Ordinal);
        Assert.Single(_terminal.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task The_document_has_each_channel_and_null_for_what_is_not_known()
    {
        Channel(21).IsKept = true;
        Assert.Equal(ExitCode.Success, await Run("low-latency", "--json"));
        using JsonDocument document = JsonDocument.Parse(_terminal.Out);
        Assert.Equal("vmbus-low-latency/1", document.RootElement.GetProperty("schema").GetString());
        Assert.True(document.RootElement.GetProperty("module").GetBoolean());
        JsonElement[] channels = [.. document.RootElement.GetProperty("channels").EnumerateArray()];
        JsonElement one = channels.Single(channel => channel.GetProperty("relid").GetInt32() == 21);
        Assert.Equal((true, true, 42), (one.GetProperty("low_latency").GetBoolean(), one.GetProperty("kept").GetBoolean(), one.GetProperty("monitor_id").GetInt32()));
        Assert.Equal(JsonValueKind.Null, channels.Single(channel => channel.GetProperty("relid").GetInt32() == 8).GetProperty("low_latency").ValueKind);
    }

    [Fact]
    public async Task Listings_and_top_show_the_flag()
    {
        Channel(21).IsKept = true;
        Assert.Equal(ExitCode.Success, await Run("list", "-vv"));
        Assert.Contains("Rel_ID=21, target_cpu=1, monitor 42, low latency: by hypercall\n", _terminal.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await Run("list", "-v"));
        Assert.Contains("Rel_ID=21, target_cpu=1, low latency: by hypercall\n", _terminal.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await Run("top", "--once"));
        string line = _terminal.Out.Split('\n').Last(one => one.Contains("network/1", StringComparison.Ordinal));
        Assert.Contains("low-lat", line, StringComparison.Ordinal);
        Assert.DoesNotContain("low-lat", _terminal.Out.Split('\n').Last(one => one.Contains("network/2", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    private StandInModule.Channel Channel(uint relid) => _module.Channels[(Network, relid)];

    private bool[] Flags() => [.. _module.Channels.OrderBy(channel => channel.Key.Relid).Select(channel => channel.Value.IsLowLatency)];

    private Task<int> Run(params string[] args) => Run(TestContext.Current.CancellationToken, args);

    private Task<int> Run(CancellationToken cancellationToken, params string[] args)
        => _terminal.Run(new VmBusSysfs(_tree.Root, Path.Combine(_tree.Root, "dev")) { OpenSignal = _module.OpenNode }, "/proc", cancellationToken, args);

    private Task<int> RunBare(params string[] args)
        => _terminal.Run(new VmBusSysfs(_tree.Root, Path.Combine(_tree.Root, "dev")), "/proc", TestContext.Current.CancellationToken, args);

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (!condition())
            await Task.Delay(5, limit.Token);
    }
}
