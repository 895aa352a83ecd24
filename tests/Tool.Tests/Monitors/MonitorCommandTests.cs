using System.Buffers.Binary;
using System.Text.Json;
using VmBus.Backends.Tests.Linux;
using VmBus.Layout;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Monitors;

/// <summary>
/// <c>vmbus monitor</c> over a tree of files. A file of three pages stands for the UIO device: its map 2 is its third page,
/// as it is of the kernel's.
/// </summary>
public sealed class MonitorCommandTests : IDisposable
{
    private const string Network = "ed963694-e847-4b2a-85af-bc9cfc11d6f3";
    private const string Balloon = "1eccfd72-4b41-45ef-b73a-4a6e44c12924";

    private readonly SysfsTree _tree = SysfsTree.Load("synthetic-linux-6.12.tree");
    private readonly string _node;

    public MonitorCommandTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "UIO devices are there on Linux only.");
        _tree.Write("dev/uio0", "");
        _node = _tree.Full("dev/uio0");
        byte[] file = new byte[3 * MonitorPage.Size];
        Span<byte> page = file.AsSpan(2 * MonitorPage.Size);
        BinaryPrimitives.WriteUInt32LittleEndian(page, 0b0011);
        BinaryPrimitives.WriteUInt32LittleEndian(page[(MonitorPage.TriggerGroupOffset + 8)..], 1u << 9);            // 41 pending
        BinaryPrimitives.WriteUInt32LittleEndian(page[(MonitorPage.TriggerGroupOffset + 12)..], 1u << 10);          // 42 armed
        foreach ((int id, ushort latency, uint connection) in new (int, ushort, uint)[] { (3, 2000, 0x10003), (41, 1000, 0x1000e), (42, 500, 0x10015) })
        {
            BinaryPrimitives.WriteUInt16LittleEndian(page[(MonitorPage.LatencyOffset + 2 * id)..], latency);
            BinaryPrimitives.WriteUInt32LittleEndian(page[(MonitorPage.ParameterOffset + 8 * id)..], connection);
        }

        BinaryPrimitives.WriteInt32LittleEndian(page[(MonitorPage.NextCheckTimeOffset + 4 * 41)..], -7);
        BinaryPrimitives.WriteUInt16LittleEndian(page[(MonitorPage.ParameterOffset + 8 * 42 + 4)..], 5);
        File.WriteAllBytes(_node, file);
    }

    public void Dispose() => _tree.Dispose();

    [Fact]
    public async Task Sysfs_shows_what_channels_have() => Golden.Check("monitor-sysfs.txt", await MonitorAsync());

    [Fact]
    public async Task A_UIO_device_shows_the_whole_page() => Golden.Check("monitor-uio.txt", await MonitorAsync("--uio", _node));

    [Fact]
    public async Task All_shows_monitors_that_nobody_uses()
    {
        string[] some = (await MonitorAsync("--uio", _node)).Split('\n'), all = (await MonitorAsync("--uio", _node, "--all")).Split('\n');

        Assert.Equal(128 - 4, all.Length - some.Length);
        Assert.Contains(all, line => line.StartsWith("  127  3.31     -  -", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("14", 41, 1000)]
    [InlineData(null, 41, 1000)]
    [InlineData("21", 42, 500)]
    public async Task Setting_a_latency_changes_its_two_bytes_and_no_others(string? channel, int monitor, int before)
    {
        byte[] old = File.ReadAllBytes(_node);

        string text = await MonitorAsync(["--device", Network, "--uio", _node, "--set-latency", "12.3us", .. channel is null ? Array.Empty<string>() : ["--channel", channel]]);

        Assert.StartsWith(
            FormattableString.Invariant($"channel {channel ?? "14"} (network{(monitor == 42 ? "/1" : "")}), monitor {monitor}: latency {before / 10} µs before, 12.3 µs now\n"), text, StringComparison.Ordinal);
        byte[] now = File.ReadAllBytes(_node);
        int at = 2 * MonitorPage.Size + MonitorPage.LatencyOffset + 2 * monitor;
        Assert.Equal(123, BinaryPrimitives.ReadUInt16LittleEndian(now.AsSpan(at)));
        Assert.All(Enumerable.Range(0, now.Length).Where(i => now[i] != old[i]), i => Assert.InRange(i, at, at + 1));
    }

    [Fact]
    public async Task A_lower_latency_in_the_group_is_said()
    {
        string text = await MonitorAsync("--device", Network, "--uio", _node, "--set-latency", "6.5535ms");

        Assert.Equal("""
            channel 14 (network), monitor 41: latency 100 µs before, 6.554 ms now
            Its trigger group 1 is examined at its lowest latency: 50 µs, monitor 42.

            """, text);
    }

    [Fact]
    public async Task The_document_has_both_and_what_was_changed()
    {
        using JsonDocument document = JsonDocument.Parse(await MonitorAsync("--device", Network, "--uio", _node, "--set-latency", "50us", "--json"));
        JsonElement root = document.RootElement, network = root.GetProperty("channels")[3], page = root.GetProperty("page");

        Assert.Equal("vmbus-monitor/1", root.GetProperty("schema").GetString());
        Assert.Equal("uio0", root.GetProperty("uio").GetString());
        Assert.Equal((100.0, 50.0), (root.GetProperty("change").GetProperty("latency_before_us").GetDouble(), root.GetProperty("change").GetProperty("latency_after_us").GetDouble()));
        Assert.Equal(512u, network.GetProperty("to_host").GetProperty("pending_word").GetUInt32());
        Assert.True(network.GetProperty("to_host").GetProperty("pending").GetBoolean());
        Assert.Equal(0, network.GetProperty("to_guest").GetProperty("latency_us").GetDouble());
        Assert.Equal([3, 41, 42, 43], page.GetProperty("monitors").EnumerateArray().Select(one => one.GetProperty("monitor_id").GetInt32()));
        Assert.Equal(50, page.GetProperty("groups")[1].GetProperty("lowest_latency_us").GetDouble());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("channels")[0].GetProperty("to_host").ValueKind);
    }

    [Fact]
    public async Task Without_a_UIO_device_the_document_has_no_page()
    {
        using JsonDocument document = JsonDocument.Parse(await MonitorAsync("--json"));

        Assert.Equal(JsonValueKind.Null, document.RootElement.GetProperty("page").ValueKind);
        Assert.Equal(JsonValueKind.Null, document.RootElement.GetProperty("change").ValueKind);
    }

    [Fact]
    public async Task A_guest_without_monitors_says_so()
    {
        using SysfsTree balloon = SysfsTree.Load("linux-6.12-qemu-balloon-talked.tree");
        using FakeTerminal terminal = new();

        Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, "monitor", "--sysfs", balloon.Root));

        Assert.Equal("""
            No monitor, each signal is a hypercall: 1 balloon.
            All of the guest-to-host page, with armed bits: --device or --uio.

            """, terminal.Out);
    }

    [Theory]
    [InlineData("--set-latency 50us", "--set-latency needs --device: the instance of the channel's device (see 'vmbus list -vv')")]
    [InlineData("--device " + Network + " --channel 14", "--channel selects the channel of --set-latency: give that as well")]
    [InlineData("--all", "--all shows the whole page: it needs --device or --uio, and does not go with --set-latency")]
    [InlineData("--device network", "--device network: not a GUID (see 'vmbus list -vv')")]
    [InlineData("--device " + Network + " --set-latency 0", "--set-latency 0: must be between 100 ns and 6.554 ms")]
    [InlineData("--device " + Network + " --set-latency 6.5536ms", "--set-latency 6.5536ms: must be between 100 ns and 6.554 ms")]
    [InlineData("--device " + Network + " --set-latency 50us --channel primary", "--channel primary: not a relid, which is a number")]
    public async Task Bad_usage_is_one_line(string line, string error)
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Usage, await terminal.Run(FakeEngines.Good, ["monitor", "--sysfs", _tree.Root, .. line.Split(' ')]));
        Assert.Equal($"vmbus: {error}\n", terminal.Error);
    }

    [Theory]
    [InlineData("--device 00000000-0000-0000-0000-000000000001", "this guest has no device 00000000-0000-0000-0000-000000000001: it has b6650ff7-33bc-4840-8048-e0676786f393 (guest shutdown), 00000000-0000-8899-0000-000000000000 (SCSI controller), " + Balloon + " (dynamic memory), " + Network + " (network adapter)")]
    [InlineData("--device " + Balloon + " --set-latency 50us", "channel 8 (balloon) has no monitor: each of its signals is a hypercall, so there is no latency to set")]
    [InlineData("--device " + Network + " --set-latency 50us --channel 8", Network + " has no channel 8: it has 14, 21, 22")]
    [InlineData("--device " + Network + " --set-latency 50us",
        Network + " is bound to hv_netvsc, not to uio_hv_generic, and so does not show the page. Every device that is bound to it does: --uio /dev/uio0 (balloon " + Balloon + ")")]
    [InlineData("--uio /dev/uio7", "--uio /dev/uio7: no device of the VMBus is uio7; --uio /dev/uio0 (balloon " + Balloon + ")")]
    [InlineData("--uio /no/such/uio0", "/no/such/uio0 could not be opened: the device node does not exist. open of /no/such/uio0 failed: No such file or directory (errno 2)")]
    public async Task A_failure_is_one_line_and_changes_nothing(string line, string error)
    {
        byte[] old = File.ReadAllBytes(_node);
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Failed, await terminal.Run(FakeEngines.Good, ["monitor", "--sysfs", _tree.Root, .. line.Split(' ')]));
        Assert.Equal($"vmbus: {error}\n", terminal.Error);
        Assert.Equal(old, File.ReadAllBytes(_node));
    }

    private async Task<string> MonitorAsync(params string[] options)
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, ["monitor", "--sysfs", _tree.Root, .. options]));
        Assert.Empty(terminal.Error);
        return terminal.Out;
    }
}
