using System.Runtime.Versioning;
using System.Text.Json;
using VmBus.Backends.Tests.Linux;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Monitors;

/// <summary>What <c>vmbus monitor --measure</c> does to a device, with a thread in the hypervisor's place.</summary>
[SupportedOSPlatform("linux")]
public sealed class WindowTests : IDisposable
{
    private const int Monitor = 41;
    private const ushort HostHint = 1000;

    private readonly UioStandIn _standIn = new(Monitor);
    private readonly FakeTerminal _terminal = new();
    private readonly HashSet<ushort> _hints = [];
    private readonly CancellationTokenSource _ended = new();
    private Thread? _examiner;

    public void Dispose()
    {
        _ended.Cancel();
        _examiner?.Join();
        Assert.Equal(HostHint, _standIn.MonitorPage.Latency(Monitor));
        Assert.False(_standIn.IsOpen);
        _standIn.Release();
        _terminal.Dispose();
        _ended.Dispose();
    }

    [Fact]
    public async Task Each_hint_is_set_measured_and_gone_back_from()
    {
        Examine();
        JsonElement measured = await Measure("--hints", "100us,1ms,6.5ms", "--samples", "5");
        Assert.Equal([(double)100, 1000, 6500], measured.GetProperty("hints").EnumerateArray().Select(cell => cell.GetProperty("hint_us").GetDouble()));
        foreach (JsonElement cell in measured.GetProperty("hints").EnumerateArray())
        {
            Assert.Equal((5, 5, 0), (Count(cell, "window"), Count(cell, "wait"), cell.GetProperty("not_taken").GetInt32()));
            Assert.Equal(cell.GetProperty("hint_us").GetDouble(), cell.GetProperty("lowest_hint_us").GetDouble());
        }

        Assert.Equal(JsonValueKind.Null, measured.GetProperty("hypercall").ValueKind);
        _ended.Cancel();
        _examiner!.Join();
        Assert.Equal([HostHint, 10_000, 65_000], _hints.Select(hint => (int)hint).Order());
    }

    [Fact]
    public async Task The_lowest_hint_of_the_group_is_told()
    {
        _standIn.MonitorPage.Latency(Monitor + 1) = 500;
        Examine();
        Assert.Equal(ExitCode.Success, await Run("--samples", "2"));
        Assert.Contains("With the hint 100 µs: the trigger group is inspected by its lowest hint, 50 µs.", _terminal.Out, StringComparison.Ordinal);
        Assert.Contains("modprobe vmbus_signal", _terminal.Out.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Contains("measuring channel 77 (balloon): up to 4 signals by monitor and 2 by hypercall, 5 ms apart", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_the_module_the_call_is_timed_beside_it()
    {
        _standIn.LoadModule();
        Examine();
        JsonElement measured = await Measure("--samples", "3");
        Assert.Equal(3, measured.GetProperty("hypercall").GetProperty("count").GetInt32());
        Assert.Equal(3, _standIn.Host.Signals.Calls);
    }

    [Fact]
    public async Task It_is_drawn()
    {
        string path = _standIn.Tree.Full("window.png");
        Examine();
        Assert.Equal(ExitCode.Success, await Run("--samples", "3", "--hints", "1ms,2ms", "--plot", path));
        Assert.Equal("PNG"u8, File.ReadAllBytes(path).AsSpan(1, 3));
    }

    [Fact]
    public async Task A_page_that_nobody_inspects_is_told_and_left()
    {
        Assert.Equal(ExitCode.Failed, await Run("--samples", "1"));
        Assert.Contains("monitor 41 was not inspected within 1 s: no hypervisor looks at its bit", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_can_be_stopped()
    {
        using CancellationTokenSource stop = new();
        Task<int> run = Run(stop.Token, "--samples", "2000", "--hints", "6ms");
        while (_standIn.MonitorPage.Pending(Monitor / 32) == 0)
            await Task.Yield();
        await stop.CancelAsync();
        Assert.Equal(ExitCode.Interrupted, await run);
    }

    [Theory]
    [InlineData("monitor --hints 1ms", "belong to --measure")]
    [InlineData("monitor --measure 77 --uio /dev/uio0", "goes with")]
    [InlineData("monitor --measure 77 --hints 7ms", "must be between 100 ns and 6.554 ms")]
    [InlineData("monitor --measure 77 --samples 0", "must be between 1 and 2000")]
    [InlineData("monitor --measure 77 --plot x.txt", "must end in .png")]
    [InlineData("monitor --measure eth9", "is not a device")]
    public async Task What_cannot_be_is_one_line(string line, string error)
    {
        Assert.Equal(ExitCode.Usage, await _terminal.Run(_standIn.Sysfs, "/proc", TestContext.Current.CancellationToken, line.Split(' ')));
        Assert.Contains(error, _terminal.Error, StringComparison.Ordinal);
        Assert.Single(_terminal.Error.TrimEnd().Split('\n'));
    }

    private void Examine()
    {
        _examiner = new Thread(() =>
        {
            while (!_ended.IsCancellationRequested)
            {
                if (Interlocked.And(ref _standIn.MonitorPage.Pending(Monitor / 32), 0) != 0)
                    _hints.Add(_standIn.MonitorPage.Latency(Monitor));
                Thread.Yield();
            }
        });
        _examiner.Start();
    }

    private async Task<JsonElement> Measure(params string[] args)
    {
        Assert.Equal(ExitCode.Success, await Run([.. args, "--json"]));
        using JsonDocument document = JsonDocument.Parse(_terminal.Out);
        Assert.Equal("vmbus-window/1", document.RootElement.GetProperty("schema").GetString());
        return document.RootElement.GetProperty("measured").Clone();
    }

    private Task<int> Run(params string[] args) => Run(TestContext.Current.CancellationToken, args);

    private Task<int> Run(CancellationToken cancellationToken, params string[] args) =>
        _terminal.Run(_standIn.Sysfs, "/proc", cancellationToken, ["monitor", "--measure", "vmbus:77", .. args]);

    private static int Count(JsonElement cell, string times) => cell.GetProperty(times).GetProperty("count").GetInt32();
}
