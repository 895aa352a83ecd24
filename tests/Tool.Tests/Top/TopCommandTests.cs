using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using VmBus.Backends.Tests.Linux;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Top;

/// <summary>What <c>vmbus top</c> writes where no terminal is.</summary>
public sealed class TopCommandTests
{
    [Fact]
    public async Task Once_is_one_table_with_totals_and_all_columns()
    {
        string[] lines = (await TopAsync("--once")).TrimEnd().Split('\n');

        Assert.Equal(9, lines.Length);
        Assert.Equal("3 signal by monitor page, 3 by hypercall; 111 G interrupts, 17 hypercalls", lines[1]);
        Assert.EndsWith("INTR    EVENT    INFULL    OUTEMPTY    FULL1ST    FULL", lines[2], StringComparison.Ordinal);
        Assert.Equal("   14  network     ed963694  hv_netvsc         0  monitored   41     1     100   0.1      64     0       0    111 G       17         2          15          3      30", lines[6]);
        Assert.Equal("    2  shutdown    b6650ff7  hv_utils          0  hypercall    -     -       -     -       -     -       -        -        -         -           -          -       -", lines[3]);
    }

    [Fact]
    public async Task A_log_is_one_table_below_the_other_and_has_rates_from_the_second_on()
    {
        string[] tables = (await TopAsync("--count", "3", "--interval", "100ms", "--sort", "device")).Split("\n\n");

        Assert.Equal(3, tables.Length);
        Assert.Contains("- interrupts/s", tables[0], StringComparison.Ordinal);
        Assert.Contains("0 interrupts/s", tables[2], StringComparison.Ordinal);
        Assert.Contains("  balloon", tables[2].Split('\n')[3], StringComparison.Ordinal);
        Assert.DoesNotContain('\e', tables[0]);
    }

    [Fact]
    public async Task The_document_has_what_sysfs_shows_and_null_for_what_it_does_not()
    {
        using JsonDocument document = JsonDocument.Parse(await TopAsync("--once", "--json"));
        JsonElement root = document.RootElement, network = root.GetProperty("channels")[3], shutdown = root.GetProperty("channels")[0];

        Assert.Equal("vmbus-top/1", root.GetProperty("schema").GetString());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("interval_seconds").ValueKind);
        Assert.Equal("monitored", network.GetProperty("signal").GetString());
        Assert.True(network.GetProperty("pending").GetBoolean());
        Assert.Equal(111_000_000_123, network.GetProperty("totals").GetProperty("interrupts").GetInt64());
        Assert.Equal(64, network.GetProperty("outgoing").GetProperty("used_bytes").GetInt32());
        Assert.Equal(JsonValueKind.Null, network.GetProperty("rates").ValueKind);
        Assert.Equal(JsonValueKind.Null, shutdown.GetProperty("latency_us").ValueKind);
        Assert.Equal(JsonValueKind.Null, shutdown.GetProperty("totals").GetProperty("events").ValueKind);
    }

    [Fact]
    public async Task Names_in_the_document_are_stable()
    {
        using JsonDocument document = JsonDocument.Parse(await TopAsync("--once", "--json", "--count", "2", "--interval", "100ms"));
        Golden.Check("top-json-names.txt", string.Join('\n', Names("", document.RootElement).Distinct()) + "\n");
    }

    [Fact]
    public async Task Once_with_a_count_is_one_document_with_rates()
    {
        using FakeTerminal terminal = new();
        FakeTimeProvider clock = new();
        ulong interrupts = 0;
        TopRun top = new(
            new TopOptions { IsOnce = true, IsJson = true, Count = 2 },
            () => [Guests.Network().With(channel => channel with { Interrupts = interrupts += 1000 })], clock);

        Task run = top.PrintAsync(terminal.Terminal, TestContext.Current.CancellationToken);
        while (!run.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await run;
        using JsonDocument document = JsonDocument.Parse(terminal.Out);
        double seconds = document.RootElement.GetProperty("interval_seconds").GetDouble();
        Assert.True(seconds >= 1);
        Assert.Equal(1000 / seconds, document.RootElement.GetProperty("channels")[0].GetProperty("rates").GetProperty("interrupts").GetDouble(), 6);
        Assert.Equal(2000, document.RootElement.GetProperty("channels")[0].GetProperty("totals").GetProperty("interrupts").GetInt32());
    }

    [Fact]
    public async Task Json_without_once_is_a_document_a_line()
    {
        string[] lines = (await TopAsync("--json", "--count", "2", "--interval", "100ms")).TrimEnd().Split('\n');

        Assert.Equal(2, lines.Length);
        using JsonDocument second = JsonDocument.Parse(lines[1]);
        Assert.Equal(0, second.RootElement.GetProperty("channels")[3].GetProperty("rates").GetProperty("events").GetDouble());
    }

    [Theory]
    [InlineData("--interval 5ms", "vmbus: --interval 5ms: must be between 100 ms and 3600 s")]
    [InlineData("--interval often", "vmbus: --interval often: not a duration; give seconds, or a number with ns, us, ms or s")]
    [InlineData("--count 0", "vmbus: --count 0: must be a number from 1 on")]
    [InlineData("--sort luck", "vmbus: --sort luck: 'luck' is not one of channel, device, instance, driver, vp, signal, monitor, pending, latency, out, out-bytes, in, in-bytes, interrupts, events, in-full, out-empty, full-first, full-total")]
    [InlineData("--sort in,out", "vmbus: --sort in,out: one column only")]
    public async Task Bad_usage_is_one_line(string line, string error)
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Usage, await terminal.Run(FakeEngines.Good, ["top", .. line.Split(' ')]));
        Assert.Equal(error + "\n", terminal.Error);
    }

    private static async Task<string> TopAsync(params string[] options)
    {
        using SysfsTree tree = SysfsTree.Load("synthetic-linux-6.12.tree");
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, ["top", "--sysfs", tree.Root, .. options]));
        Assert.Empty(terminal.Error);
        return terminal.Out;
    }

    private static IEnumerable<string> Names(string path, JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(one => Names($"{path}.{one.Name}", one.Value).Prepend($"{path}.{one.Name}")),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(one => Names(path + "[]", one)),
        _ => [],
    };
}
