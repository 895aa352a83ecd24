using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text.Json;
using VmBus.Backends.Tests.Linux;
using VmBus.Integration;
using VmBus.Layout;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.FileCopies;

/// <summary><c>vmbus fcopy</c> over a UIO device that is a stand-in, with our own host at its other end.</summary>
[SupportedOSPlatform("linux")]
public sealed class FileCopyCommandTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("vmbus-fcopy");
    private readonly SysfsTree _proc = new("1/comm = init");
    private readonly UioStandIn _device = new(monitorId: null, 0x4000, DeviceClass.FileCopy);
    private readonly FakeTerminal _terminal = new();
    private readonly CancellationTokenSource _hostEnds = new();
    private readonly IntegrationHostService<FileCopyHost> _host;
    private readonly Task _hosting;

    public FileCopyCommandTests()
    {
        _host = new IntegrationHostService<FileCopyHost>(_device.Host.Channel, new FileCopyHost());
        _hosting = _host.RunAsync(_hostEnds.Token);
    }

    public void Dispose()
    {
        _hostEnds.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => _hosting.GetAwaiter().GetResult());
        _hostEnds.Dispose();
        _device.Release();
        _terminal.Dispose();
        _proc.Dispose();
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task One_file_arrives_and_is_told_as_a_line()
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(50_000);
        Task<int> run = Run("--once");
        Assert.Equal(IcStatus.Success, (await CopyAsync("größe.bin", "in", bytes, IcFileCopyFlags.CreatePath)).Status);
        Assert.Equal(ExitCode.Success, await Within(run));
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(_root.FullName, "in", "größe.bin"), TestContext.Current.CancellationToken));
        Assert.Matches("^\\d{4}-\\d\\d-\\d\\dT\\S+Z completed \"größe.bin\" in \"in\", 50000 bytes in \\d+\\.\\d{3} s\n$", _terminal.Out);
        Assert.Equal($"vmbus: uio3 takes the host's files below {_root.FullName}\n", _terminal.Error);
    }

    [Fact]
    public async Task One_file_that_is_refused_is_exit_code_1()
    {
        Task<int> run = Run("--once", "--json", "--max-size", "1K");
        Assert.Equal(IcStatus.DiskFull, (await CopyAsync("f", "", new byte[1025])).Status);
        Assert.Equal(ExitCode.Failed, await Within(run));
        JsonElement line = JsonDocument.Parse(_terminal.Out).RootElement;
        Assert.Equal("refused", line.GetProperty("outcome").GetString());
        Assert.Equal("0x80070070", line.GetProperty("status").GetString());
        Assert.Equal(1025, line.GetProperty("size_bytes").GetInt32());
        Assert.False(line.GetProperty("overwrite").GetBoolean());
        Assert.Empty(Directory.GetFileSystemEntries(_root.FullName));
    }

    [Fact]
    public async Task Files_come_until_it_is_told_to_end_and_what_is_not_whole_goes()
    {
        using var stop = new CancellationTokenSource();
        Task<int> run = Run(stop.Token, "--mode", "600", "--idle-timeout", "0");
        Assert.Equal(IcStatus.Success, (await CopyAsync("a", "", new byte[10])).Status);
        Assert.Equal(IcStatus.AlreadyExists, (await CopyAsync("a", "", new byte[10])).Status);
        Assert.Equal(IcStatus.InvalidArgument, (await CopyAsync("b", "/etc", new byte[10])).Status);
        var content = new HalfStream();
        Task<FileCopyResult> half = _host.Use(host => host.CopyAsync(new FileCopyRequest("half", "", 20_000), content, null, CancellationToken.None));
        await Within(content.Reached);
        await stop.CancelAsync();
        Assert.Equal(ExitCode.Success, await Within(run));
        content.GoOn();
        Assert.Equal(["a"], Directory.GetFileSystemEntries(_root.FullName).Select(Path.GetFileName));
        Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(Path.Combine(_root.FullName, "a")));
        Assert.Equal(["completed", "refused", "refused", "abandoned"], _terminal.Out.TrimEnd().Split('\n').Select(line => line.Split(' ')[1]));
        Assert.False(half.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_device_that_the_host_takes_away_ends_it_with_an_error()
    {
        Task<int> run = Run();
        Assert.Equal(IcStatus.Success, (await CopyAsync("a", "", new byte[10])).Status);
        _device.Rescind();
        Assert.Equal(ExitCode.Failed, await Within(run));
        Assert.EndsWith("vmbus: the host took the file copy device away\n", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_stalls_loses_its_copy()
    {
        Task<int> run = Run("--once", "--idle-timeout", "2");
        var content = new HalfStream();
        Task<FileCopyResult> half = _host.Use(host => host.CopyAsync(new FileCopyRequest("half", "", 20_000), content, null, CancellationToken.None));
        await Within(content.Reached);
        Assert.Equal(ExitCode.Failed, await Within(run));
        Assert.Contains(" stalled \"half\"", _terminal.Out, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_root.FullName));
        content.GoOn();
        Assert.False(half.IsCompletedSuccessfully);
    }

    [Theory]
    [InlineData("--mode 888", "--mode 888: not permissions in octal")]
    [InlineData("--mode 7777", "--mode 7777: not permissions in octal")]
    [InlineData("--max-size much", "--max-size much: not a number of bytes")]
    [InlineData("--idle-timeout -1", "--idle-timeout -1: not a number of seconds")]
    public async Task Bad_usage_is_one_line(string options, string error)
    {
        Assert.Equal(ExitCode.Usage, await Run(options.Split(' ')));
        Assert.StartsWith("vmbus: " + error, _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_another_serves_is_left_to_it()
    {
        _proc.Write("4711/comm", "hv_fcopy_uio_da\n");
        Directory.CreateDirectory(_proc.Full("4711/fd"));
        File.CreateSymbolicLink(_proc.Full("4711/fd/3"), _device.Tree.Full("dev/uio3"));
        Assert.Equal(ExitCode.Failed, await Run());
        Assert.Contains("process 4711 (hv_fcopy_uio_da) has", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_without_the_driver_is_told_how_to_get_it()
    {
        Directory.Delete(_device.Tree.Full($"bus/vmbus/devices/{UioStandIn.Instance}/uio"), recursive: true);
        File.Delete(_device.Tree.Full($"bus/vmbus/devices/{UioStandIn.Instance}/driver"));
        Assert.Equal(ExitCode.Failed, await Run());
        Assert.Equal($"vmbus: the file copy device {UioStandIn.Instance} has no driver: give --bind, or run 'vmbus bind fcopy' first\n", _terminal.Error);
    }

    [Fact]
    public async Task A_guest_without_the_device_is_told_how_to_get_it()
    {
        using SysfsTree tree = SysfsTree.Load("synthetic-linux-6.12.tree");
        Assert.Equal(ExitCode.Failed, await _terminal.Run(tree.Sysfs, _proc.Root, TestContext.Current.CancellationToken, "fcopy"));
        Assert.Contains("Guest Service Interface", _terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_cannot_break_its_line()
    {
        var report = new FileCopyReport(new FileCopyRequest("a\nb\"\e[31m", "p", 3), FileCopyOutcome.Refused, new FileCopyVerdict(IcStatus.Fail, "x\ny"), 0, default);
        string text = FileCopyLine.From(report, DateTimeOffset.UnixEpoch).Text();
        Assert.Equal("1970-01-01T00:00:00.000Z refused \"a\\nb\\\"\\u001B[31m\" in \"p\", 3 bytes after 0 bytes: 0x80004005, x\\ny", text);
        Assert.DoesNotContain('\n', FileCopyLine.From(report, DateTimeOffset.UnixEpoch).Json());
        Assert.Contains("\"file_name\":null", FileCopyLine.From(report with { Request = null }, DateTimeOffset.UnixEpoch).Json(), StringComparison.Ordinal);
    }

    private Task<int> Run(params string[] options) => Run(TestContext.Current.CancellationToken, options);

    private Task<int> Run(CancellationToken cancellationToken, params string[] options)
        => _terminal.Run(_device.Sysfs, _proc.Root, cancellationToken, ["fcopy", "--root", _root.FullName, .. options]);

    private Task<FileCopyResult> CopyAsync(string name, string path, byte[] bytes, IcFileCopyFlags flags = IcFileCopyFlags.None)
        => Within(_host.Use(host => host.CopyAsync(new FileCopyRequest(name, path, (ulong)bytes.Length, flags), new MemoryStream(bytes), null, CancellationToken.None)));

    private static Task<T> Within<T>(Task<T> task) => task.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);

    private static Task Within(Task task) => task.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);

    /// <summary>20,000 bytes, of which the last pieces wait until they are let go.</summary>
    private sealed class HalfStream() : MemoryStream(new byte[20_000])
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _goOn = new();

        public Task Reached => _reached.Task;

        public void GoOn() => _goOn.Set();

        public override int Read(Span<byte> buffer)
        {
            if (Position > 7000)
            {
                _reached.TrySetResult();
                _goOn.Wait(Patience.Limit);
            }

            return base.Read(buffer);
        }
    }
}
