using System.Runtime.Versioning;
using System.Text.Json;
using VmBus.Backends.Tests.Linux;
using VmBus.Linux;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Monitors;

/// <summary>What <c>vmbus report</c> writes of a guest, and what it must not.</summary>
[SupportedOSPlatform("linux")]
public sealed class ReportTests : IDisposable
{
    private readonly SysfsTree _tree = SysfsTree.Load("synthetic-linux-6.12.tree");
    private readonly FakeTerminal _terminal = new();

    public void Dispose()
    {
        _terminal.Dispose();
        _tree.Dispose();
    }

    [Fact]
    public async Task It_has_the_channels_the_machine_and_what_works()
    {
        _tree.Write("proc/cpuinfo", "processor\t: 0\nmodel name\t: A Model 9\nprocessor\t: 1\nmodel name\t: A Model 9\n");
        Assert.Equal(ExitCode.Success, await Run("report", "-"));
        using JsonDocument document = JsonDocument.Parse(_terminal.Out);
        JsonElement root = document.RootElement;
        Assert.Equal(("vmbus-report/1", "A Model 9", false), (root.GetProperty("schema").GetString(), root.GetProperty("processor").GetString(), root.GetProperty("module").GetBoolean()));
        Assert.Equal(JsonValueKind.Null, root.GetProperty("measured").ValueKind);
        Assert.NotEmpty(root.GetProperty("backends").EnumerateArray());
        JsonElement network = root.GetProperty("channels").EnumerateArray().Single(channel => channel.GetProperty("relid").GetInt32() == 14);
        Assert.Equal(("network", "hv_netvsc", "monitored", 41), (network.GetProperty("class_name").GetString(), network.GetProperty("driver").GetString(),
            network.GetProperty("signal").GetString(), network.GetProperty("monitor_id").GetInt32()));
    }

    [Fact]
    public async Task Nothing_in_it_names_the_machine()
    {
        Assert.Equal(ExitCode.Success, await Run("report", "-"));
        // As a word: a machine may be called vm.
        Assert.DoesNotContain(Environment.MachineName, _terminal.Out.Split(' ', '"', ':', ',', '(', ')', '/'), StringComparer.OrdinalIgnoreCase);
        Assert.DoesNotContain(_tree.Root, _terminal.Out, StringComparison.Ordinal);
        foreach (SysfsDevice device in _tree.Sysfs.ListDevices())
            Assert.DoesNotContain(device.InstanceId!.Value.ToString(), _terminal.Out, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task It_becomes_a_file_and_overwrites_none()
    {
        string path = _tree.Full("report.json");
        Assert.Equal(ExitCode.Success, await Run("report", path));
        Assert.Contains($"wrote {path}: ", _terminal.Out, StringComparison.Ordinal);
        string written = File.ReadAllText(path);
        JsonDocument.Parse(written).Dispose();
        Assert.Equal(ExitCode.Failed, await Run("report", path));
        Assert.Contains("is there already", _terminal.Error, StringComparison.Ordinal);
        Assert.Equal(written, File.ReadAllText(path));
    }

    private Task<int> Run(params string[] args)
        => _terminal.Run(new VmBusSysfs(_tree.Root, Path.Combine(_tree.Root, "dev")), _tree.Full("proc"), TestContext.Current.CancellationToken, args);
}
