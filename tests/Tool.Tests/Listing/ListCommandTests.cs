using System.Text.Json;
using VmBus.Backends.Tests.Linux;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Listing;

/// <summary>What <c>vmbus list</c> says of a guest whose sysfs is a tree of files.</summary>
public sealed class ListCommandTests
{
    [Fact]
    public async Task Devices_are_listed_as_lsvmbus_lists_them()
    {
        Assert.Equal("""
            VMBUS ID  2: guest shutdown
            VMBUS ID  5: SCSI controller
            VMBUS ID  8: dynamic memory
            VMBUS ID 14: network adapter

            """, await ListAsync());
    }

    [Fact]
    public async Task More_shows_classes_and_the_VP_of_each_channel()
    {
        string text = await ListAsync("-v");
        Assert.Contains("VMBUS ID 14: Class_ID = {f8615163-df3e-46c5-913f-f2d2f965ed0e} - network adapter\n\tRel_ID=14, target_cpu=0\n\tRel_ID=21, target_cpu=1\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Device_ID", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Most_shows_instances_drivers_and_monitors()
    {
        string text = await ListAsync("-vv");
        Assert.Contains("\tDevice_ID = {1eccfd72-4b41-45ef-b73a-4a6e44c12924}\n", text, StringComparison.Ordinal);
        Assert.Contains("\tDriver = uio_hv_generic (/dev/uio0), NUMA node = ?\n", text, StringComparison.Ordinal);
        Assert.Contains("\tRel_ID=14, target_cpu=0, monitor 41, latency 100 us\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tree_hangs_channels_under_their_devices()
    {
        string text = await ListAsync("--tree");
        Assert.Contains("14 network adapter  hv_netvsc", text, StringComparison.Ordinal);
        Assert.Contains("channel 22, subchannel 2  VP 2  monitor 43", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_document_has_what_sysfs_shows_and_null_for_what_it_does_not()
    {
        using JsonDocument document = JsonDocument.Parse(await ListAsync("--json"));
        Assert.Equal("vmbus-list/1", document.RootElement.GetProperty("schema").GetString());
        JsonElement network = document.RootElement.GetProperty("devices")[3];
        Assert.Equal("network", network.GetProperty("class_name").GetString());
        Assert.Equal(64, network.GetProperty("outgoing").GetProperty("bytes_to_read").GetInt32());
        Assert.Equal(3, network.GetProperty("channels").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, document.RootElement.GetProperty("devices")[0].GetProperty("monitor_id").ValueKind);
    }

    // A socket's class is its service's, an echo's and a pipe's are those of vmbus host.
    [Theory]
    [InlineData("000003e8-facb-11e6-bd58-64006a7986d3", "hv_sock", "socket, port 1000", "\"socket\"")]
    [InlineData("000003e8-facb-11e6-bd58-64006a7986d3", null, "socket, port 1000", "\"socket\"")]
    [InlineData("11111111-2222-3333-4444-555555555555", "hv_sock", "socket, service 11111111-2222-3333-4444-555555555555", "\"socket\"")]
    [InlineData("e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e01", "uio_hv_generic", "echo, of vmbus host", "\"echo\"")]
    [InlineData("b1f6a3c8-4d27-4c9a-8e35-7a0c92d4e1b0", null, "pipe, of vmbus host", "\"pipe\"")]
    [InlineData("11111111-2222-3333-4444-555555555555", "uio_hv_generic", "unknown", "null")]
    public async Task A_device_without_a_class_of_Hyper_V_is_named_where_it_can_be(string type, string? driver, string name, string json)
    {
        const string Device = "bus/vmbus/devices/99999999-2222-3333-4444-555555555555";
        using SysfsTree tree = new($"{Device}/id = 9\n{Device}/class_id = {{{type}}}\n{(driver is null ? "" : $"{Device}/driver -> ../../drivers/{driver}")}");
        using FakeTerminal terminal = new();
        await terminal.Run(FakeEngines.Good, "list", "--sysfs", tree.Root);
        Assert.Equal($"VMBUS ID  9: {name}\n", terminal.Out);
        await terminal.Run(FakeEngines.Good, "list", "--json", "--sysfs", tree.Root);
        Assert.Contains($"\"class_name\": {json}", terminal.Out, StringComparison.Ordinal);
        await terminal.Run(FakeEngines.Good, "top", "--once", "--json", "--sysfs", tree.Root);
        Assert.Contains($"\"class_name\": {json}", terminal.Out, StringComparison.Ordinal);
    }

    // As many as a bus can have.
    [Fact]
    public async Task Thousands_of_sockets_are_named_by_what_a_short_list_reads()
    {
        const int Sockets = 2047;
        using SysfsTree tree = new(string.Concat(Enumerable.Range(1, Sockets).Select(relid =>
        {
            string device = $"bus/vmbus/devices/{new Guid(relid, 1, 1, new byte[8])}";
            return $"{device}/id = {relid}\n{device}/class_id = {{{new Guid(1000 + relid, unchecked((short)0xfacb), 0x11e6, [0xbd, 0x58, 0x64, 0, 0x6a, 0x79, 0x86, 0xd3])}}}\n";
        })));
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, "list", "--sysfs", tree.Root));
        Assert.Equal(Enumerable.Range(1, Sockets).Select(relid => $"VMBUS ID {relid,2}: socket, port {1000 + relid}"), terminal.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    // What a person copies from the list is what the next command takes.
    [Theory]
    [InlineData("000003e8-facb-11e6-bd58-64006a7986d3", "hv_sock")]
    [InlineData("11111111-2222-3333-4444-555555555555", "hv_sock")]
    [InlineData("e0f1c2d3-7a54-4b1e-9c06-5d2f6a8b9e01", "uio_hv_generic")]
    [InlineData("b1f6a3c8-4d27-4c9a-8e35-7a0c92d4e1b0", "uio_hv_generic")]
    [InlineData("f8615163-df3e-46c5-913f-f2d2f965ed0e", "hv_netvsc")]
    [InlineData("35fa2e29-ea23-4236-96ae-3a6ebacba440", "hv_utils")]
    public async Task Commands_take_the_names_that_are_listed(string type, string driver)
    {
        const string Device = "bus/vmbus/devices/99999999-2222-3333-4444-555555555555";
        using SysfsTree tree = new($"{Device}/id = 9\n{Device}/class_id = {{{type}}}\n{Device}/device_id = {{99999999-2222-3333-4444-555555555555}}\n{Device}/driver -> ../../drivers/{driver}");
        using FakeTerminal terminal = new();
        await terminal.Run(FakeEngines.Good, "list", "--sysfs", tree.Root);
        string listed = terminal.Out["VMBUS ID  9: ".Length..].TrimEnd();
        using FakeTerminal document = new();
        await document.Run(FakeEngines.Good, "list", "--json", "--sysfs", tree.Root);
        using JsonDocument json = JsonDocument.Parse(document.Out);
        string named = json.RootElement.GetProperty("devices")[0].GetProperty("class_name").GetString()!;
        foreach (string name in new[] { listed, listed.ToUpperInvariant(), named, "vmbus:9", "9" })
            Assert.Equal(9u, Assert.Single(DeviceChoice.Find(tree.Sysfs, name)).Relid);
    }

    [Fact]
    public async Task Where_there_is_no_VMBus_one_line_says_so()
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Failed, await terminal.Run(FakeEngines.Good, "list", "--sysfs", "/nowhere"));
        Assert.Equal("vmbus: No VMBus here: /nowhere/bus/vmbus does not exist. It exists in guests of Hyper-V whose kernel has hv_vmbus.\n", terminal.Error);
    }

    private static async Task<string> ListAsync(params string[] options)
    {
        using SysfsTree tree = SysfsTree.Load("synthetic-linux-6.12.tree");
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, ["list", "--sysfs", tree.Root, .. options]));
        Assert.Empty(terminal.Error);
        return terminal.Out;
    }
}
