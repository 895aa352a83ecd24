using System.Runtime.Versioning;
using VmBus.Backends.Tests.Linux;
using VmBus.Interop;
using VmBus.Linux;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Binding;

/// <summary>What <c>vmbus bind</c> and <c>vmbus unbind</c> do to a guest whose kernel is a stand-in.</summary>
[SupportedOSPlatform("linux")]
public sealed class BindCommandTests : IDisposable
{
    private const string Network = "ed963694-e847-4b2a-85af-bc9cfc11d6f3";
    private const string Balloon = "1eccfd72-4b41-45ef-b73a-4a6e44c12924";
    private const string NetworkClass = "f8615163-df3e-46c5-913f-f2d2f965ed0e";

    private readonly SysfsTree _tree = SysfsTree.Load("synthetic-linux-6.12.tree");
    private readonly SysfsTree _proc = new("1/comm = init");
    private readonly StandInKernel _kernel;
    private readonly FakeTerminal _terminal = new();

    public BindCommandTests() => _kernel = new StandInKernel(_tree);

    public void Dispose()
    {
        _terminal.Dispose();
        _proc.Dispose();
        _tree.Dispose();
    }

    [Theory]
    [InlineData(Network)]
    [InlineData("{ED963694-E847-4B2A-85AF-BC9CFC11D6F3}")]
    [InlineData(NetworkClass)]
    [InlineData("network")]
    [InlineData("Network")]
    [InlineData("vmbus:14")]
    [InlineData("14")]
    public async Task A_device_is_bound_by_whatever_names_it(string device)
    {
        Assert.Equal(ExitCode.Success, await Run("bind", device));
        Assert.Equal($"{Network} (network adapter) is bound to uio_hv_generic now, before to hv_netvsc\n", _terminal.Out);
        Assert.Equal("uio_hv_generic", DriverOf(Network));
    }

    [Fact]
    public async Task A_device_bound_already_is_no_error()
    {
        Assert.Equal(ExitCode.Success, await Run("bind", "balloon"));
        Assert.Equal($"{Balloon} (dynamic memory) is bound to uio_hv_generic already: {_tree.Root}/dev/uio0\n", _terminal.Out);
        Assert.Empty(_kernel.Writes);
    }

    [Fact]
    public async Task Another_driver_may_be_named()
    {
        Directory.CreateDirectory(_tree.Full("bus/vmbus/drivers/other"));
        Assert.Equal(ExitCode.Success, await Run("bind", "network", "--driver", "other"));
        Assert.Equal("other", DriverOf(Network));
    }

    [Theory]
    [InlineData("bind nothing", ExitCode.Usage, "'nothing' is not a device: give an instance or class GUID")]
    [InlineData("bind keyboard", ExitCode.Failed, "this guest has no device keyboard: it has guest shutdown (vmbus:2), SCSI controller (vmbus:5), dynamic memory (vmbus:8), network adapter (vmbus:14)")]
    [InlineData("bind vmbus:99", ExitCode.Failed, "this guest has no device vmbus:99")]
    [InlineData("bind network --driver ../../x", ExitCode.Failed, "The kernel has no driver ../../x now")]
    [InlineData("bind network --driver nfs", ExitCode.Failed, "load it with \"modprobe nfs\"")]
    [InlineData("unbind keyboard", ExitCode.Failed, "this guest has no device keyboard")]
    public async Task What_cannot_be_is_one_line(string line, int exitCode, string error)
    {
        Assert.Equal(exitCode, await Run(line.Split(' ')));
        Assert.Contains(error, _terminal.Error, StringComparison.Ordinal);
        Assert.Single(_terminal.Error.TrimEnd().Split('\n'));
        Assert.Empty(_kernel.Writes);
    }

    [Theory]
    [InlineData("/driver_override", Errno.AccessDenied, "needs root")]
    [InlineData("hv_netvsc/unbind", Errno.Busy, "in use")]
    [InlineData("uio_hv_generic/bind", (Errno)524, "6.1 refuses it, 6.12 does not")]
    internal async Task What_the_kernel_refuses_is_told_and_leaves_things_as_they_were(string file, Errno errno, string advice)
    {
        _kernel.Refusals[file.StartsWith('/') ? Network + file : file] = errno;
        Assert.Equal(ExitCode.Failed, await Run("bind", "network"));
        Assert.Contains(advice, _terminal.Error, StringComparison.Ordinal);
        Assert.Equal("hv_netvsc", DriverOf(Network));
    }

    [Fact]
    public async Task Several_devices_want_to_be_named_one_by_one_or_all()
    {
        const string Second = "bus/vmbus/devices/00000000-1111-2222-3333-444444444444";
        _tree.Write(Second + "/device_id", "{00000000-1111-2222-3333-444444444444}\n");
        _tree.Write(Second + "/class_id", $"{{{NetworkClass}}}\n");
        _tree.Write(Second + "/driver_override", "(null)\n");
        Assert.Equal(ExitCode.Failed, await Run("bind", "network"));
        Assert.Contains("2 devices are network", _terminal.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, await Run("bind", "network", "--all"));
        Assert.Equal("uio_hv_generic", DriverOf(Network));
        Assert.Equal("uio_hv_generic", DriverOf("00000000-1111-2222-3333-444444444444"));
    }

    [Theory]
    [InlineData("--until-exit")]
    [InlineData("--undo")]
    public async Task A_binding_until_exit_is_given_back(string option)
    {
        using var stop = new CancellationTokenSource();
        Task<int> run = Run(stop.Token, "bind", "network", option);
        await UntilAsync(() => _terminal.Error.Contains("Ctrl-C gives back", StringComparison.Ordinal));
        Assert.Equal("uio_hv_generic", DriverOf(Network));
        await stop.CancelAsync();
        Assert.Equal(ExitCode.Success, await run.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        Assert.Equal("hv_netvsc", DriverOf(Network));
    }

    [Fact]
    public async Task A_binding_that_somebody_uses_is_not_given_back()
    {
        using var stop = new CancellationTokenSource();
        Task<int> run = Run(stop.Token, "bind", "network", "--until-exit");
        await UntilAsync(() => _terminal.Error.Contains("Ctrl-C gives back", StringComparison.Ordinal));
        Directory.CreateDirectory(_tree.Full($"bus/vmbus/devices/{Network}/uio/uio7"));
        Opener(4711, "dpdk", "fd/9 -> " + _tree.Full("dev/uio7"));
        await stop.CancelAsync();
        Assert.Equal(ExitCode.Failed, await run.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        Assert.Contains($"process 4711 (dpdk) has {_tree.Root}/dev/uio7 open: the driver of {Network} is not restored", _terminal.Error, StringComparison.Ordinal);
        Assert.Equal("uio_hv_generic", DriverOf(Network));
    }

    [Theory]
    [InlineData("fd/9 -> NODE")]
    [InlineData("maps = 7f0000000000-7f0000004000 rw-s 00000000 00:06 400 NODE")]
    public async Task A_device_that_is_open_is_not_taken_unless_forced(string how)
    {
        Opener(4711, "hv_fcopy_uio_da", how.Replace("NODE", _tree.Full("dev/uio0"), StringComparison.Ordinal));
        Assert.Equal(ExitCode.Failed, await Run("unbind", "balloon"));
        Assert.Contains($"process 4711 (hv_fcopy_uio_da) has {_tree.Root}/dev/uio0 open: end it first", _terminal.Error, StringComparison.Ordinal);
        Directory.CreateDirectory(_tree.Full("bus/vmbus/drivers/hv_balloon"));
        Assert.Equal(ExitCode.Failed, await Run("bind", "balloon", "--driver", "hv_balloon"));
        Assert.Empty(_kernel.Writes);

        Assert.Equal(ExitCode.Success, await Run("unbind", "balloon", "--force"));
        Assert.Null(DriverOf(Balloon));
        Assert.Equal($"{Balloon} (dynamic memory) has no driver now, before uio_hv_generic\n", _terminal.Out);
    }

    [Fact]
    public async Task A_device_open_in_another_process_than_this_ones_device_is_taken()
    {
        Opener(4711, "other", "fd/9 -> " + _tree.Full("dev/uio01"));
        Opener(4712, "this", "fd/9 -> /dev/uio0");
        Opener(4713, "mapped", "maps = 7f0000000000-7f0000004000 rw-s 00000000 00:06 400 /elsewhere" + _tree.Full("dev/uio0"));
        Opener(4714, "own", "maps = 7f0000000000-7f0000004000 rw-s 00000000 00:06 400 /dev/uio0");
        Opener(Environment.ProcessId, "me", "fd/9 -> " + _tree.Full("dev/uio0"));
        Assert.Equal(ExitCode.Success, await Run("unbind", "balloon"));
    }

    [Fact]
    public async Task Restoring_has_the_kernel_look_for_its_own_driver()
    {
        _kernel.Stock[new Guid(Balloon)] = "hv_balloon";
        Assert.Equal(ExitCode.Success, await Run("unbind", "balloon", "--restore"));
        Assert.Equal($"{Balloon} (dynamic memory) has hv_balloon now, before uio_hv_generic\n", _terminal.Out);
        Assert.Null(_tree.Sysfs.FindDevice(new Guid(Balloon))!.DriverOverride);
    }

    [Fact]
    public async Task Unbinding_without_restoring_has_the_kernel_look_for_none()
    {
        _kernel.Stock[new Guid(Balloon)] = "hv_balloon";
        Assert.Equal(ExitCode.Success, await Run("unbind", "balloon"));
        Assert.Null(DriverOf(Balloon));
        Assert.Equal(ExitCode.Success, await Run("unbind", "balloon"));
        Assert.EndsWith("has no driver already\n", _terminal.Out, StringComparison.Ordinal);
    }

    private Task<int> Run(params string[] args) => Run(TestContext.Current.CancellationToken, args);

    private Task<int> Run(CancellationToken cancellationToken, params string[] args)
        => _terminal.Run(new VmBusSysfs(_tree.Root, Path.Combine(_tree.Root, "dev")) { WriteFile = _kernel.Write }, _proc.Root, cancellationToken, args);

    private string? DriverOf(string instance) => _tree.Sysfs.FindDevice(new Guid(instance))!.Driver;

    private void Opener(int process, string command, string file)
    {
        _proc.Write($"{process}/comm", command + "\n");
        Directory.CreateDirectory(_proc.Full($"{process}/fd"));
        if (file.Split(" -> ") is [var link, var target])
            File.CreateSymbolicLink(_proc.Full($"{process}/{link}"), target);
        else
            _proc.Write($"{process}/maps", file.Split(" = ")[1] + "\n");
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (!condition())
            await Task.Delay(5, limit.Token);
    }
}
