using System.Runtime.Versioning;
using VmBus.Integration;
using VmBus.Interop;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
public sealed class VssDaemonTests : UtilDaemonFixture
{
    private readonly StandInVssKernel _kernel;
    private readonly Volumes _volumes = new();
    private VssDaemon? _daemon;

    public VssDaemonTests() => _kernel = Own(new StandInVssKernel());

    [Fact]
    public void A_snapshot_asks_freezes_and_thaws()
    {
        Start();
        Assert.Equal(129u, _daemon!.DriverVersion);
        Assert.Equal(IcStatus.Success, _kernel.Ask(IcVssOperation.HotBackup).Status);
        Assert.Equal(IcStatus.Success, _kernel.Ask(IcVssOperation.Freeze).Status);
        Assert.True(_daemon.IsFrozen);
        Assert.Equal(IcStatus.Success, _kernel.Ask(IcVssOperation.Thaw).Status);
        Assert.False(_daemon.IsFrozen);
        Assert.Equal(["check", "freeze", "thaw"], _volumes.Calls);
        Assert.Equal(new UtilDaemonStatistics(3, 0, 0, 0), _daemon.GetStatistics());
    }

    [Theory]
    [InlineData(IcVssOperation.Create)]
    [InlineData(IcVssOperation.GetDmInfo)]
    [InlineData(IcVssOperation.AutoRecover)]
    [InlineData((IcVssOperation)200)]
    internal void An_operation_that_is_the_kernels_or_unknown_is_not_supported(IcVssOperation operation)
    {
        Start();
        Assert.Equal(IcStatus.NotSupported, _kernel.Ask(operation).Status);
        Assert.Equal(IcStatus.Success, _kernel.Ask(IcVssOperation.HotBackup).Status);
    }

    [Theory]
    [InlineData(IcStatus.Fail, IcStatus.Fail)]
    [InlineData(IcStatus.DiskFull, IcStatus.DiskFull)]
    [InlineData((IcStatus)0x80070080, IcStatus.Fail)]     // the kernel would take these two for greetings, and wait on
    [InlineData((IcStatus)0x80070081, IcStatus.Fail)]
    public void A_freeze_that_does_not_succeed_is_answered_so_and_leaves_nothing_to_thaw(IcStatus status, IcStatus answer)
    {
        Start();
        _volumes.Status = status;
        Assert.Equal(answer, _kernel.Ask(IcVssOperation.Freeze).Status);
        Assert.False(_daemon!.IsFrozen);
        _daemon.Dispose();
        Assert.Equal(["freeze"], _volumes.Calls);
    }

    [Theory]
    [InlineData("cancel")]
    [InlineData("dispose")]
    [InlineData("gone")]
    public async Task However_the_daemon_ends_nothing_stays_frozen(string how)
    {
        Start();
        Assert.Equal(IcStatus.Success, _kernel.Ask(IcVssOperation.Freeze).Status);
        switch (how)
        {
            case "cancel":
                await Stop.CancelAsync();
                break;
            case "dispose":
                _daemon!.Dispose();
                break;
            default:
                _kernel.Destroy();
                break;
        }
        await Task.WhenAny(Run).WaitAsync(Patience.Limit);
        Assert.Equal(["freeze", "thaw"], _volumes.Calls);
        Assert.False(_daemon!.IsFrozen);
    }

    [Fact]
    public void A_freeze_whose_answer_comes_too_late_is_thawed_at_once()
    {
        Start();
        _kernel.Request(IcVssOperation.Freeze);     // and the kernel waits for no answer: its time was up
        Background.Until(() => _daemon!.GetStatistics().Late == 1 && !_daemon.IsFrozen, "it was thawed");
        Assert.Equal(["freeze", "thaw"], _volumes.Calls);
        // What the kernel makes up before the guest sleeps (hv_vss_pre_suspend) is a thaw that nobody waits for.
        _kernel.Request(IcVssOperation.Thaw);
        Background.Until(() => _daemon!.GetStatistics().Late == 2, "the kernel waited for no answer");
        Assert.Equal(IcStatus.Success, _kernel.Ask(IcVssOperation.HotBackup).Status);
    }

    [Fact]
    public async Task A_freeze_that_throws_is_a_failure_to_the_host_and_is_thawed()
    {
        Start();
        _volumes.Thrown = new IOException("half frozen");
        Assert.Equal(IcStatus.Fail, _kernel.Ask(IcVssOperation.Freeze).Status);
        Assert.Equal("half frozen", (await Assert.ThrowsAsync<IOException>(() => Run.WaitAsync(Patience.Limit))).Message);
        Assert.Equal(["freeze", "thaw"], _volumes.Calls);
    }

    [Fact]
    public void A_thaw_that_fails_is_tried_again_when_the_daemon_ends()
    {
        Start();
        Assert.Equal(IcStatus.Success, _kernel.Ask(IcVssOperation.Freeze).Status);
        _volumes.Status = IcStatus.Fail;
        Assert.Equal(IcStatus.Fail, _kernel.Ask(IcVssOperation.Thaw).Status);
        Assert.True(_daemon!.IsFrozen);
        _daemon.Dispose();
        Assert.Equal(["freeze", "thaw", "thaw"], _volumes.Calls);
    }

    [Fact]
    public async Task A_greeting_answered_with_anything_but_a_word_is_refused()
    {
        using StandInVssKernel kernel = new();
        using VssDaemon daemon = VssDaemon.Open(_volumes, new Garbled(kernel));
        Assert.Equal(LinuxGuestError.BadContents,
            (await Assert.ThrowsAsync<LinuxGuestException>(() => daemon.RunAsync().WaitAsync(Patience.Limit))).Error);
    }

    [Fact]
    public void A_device_that_is_not_there_says_what_would_make_it()
        => Assert.Equal(LinuxGuestError.NoModule, Assert.Throws<LinuxGuestException>(() => VssDaemon.Open(_volumes, "/dev/no/hv_vss")).Error);

    private void Start()
    {
        _daemon = VssDaemon.Open(_volumes, _kernel);
        RunUntilGreeted(_daemon, () => _kernel.IsReady && _daemon.DriverVersion is not null);
    }

    private sealed class Volumes : IVolumeFreezer
    {
        public List<string> Calls { get; } = [];

        public IcStatus Status { get; set; }

        public Exception? Thrown { get; set; }

        public IcStatus CheckHotBackup() => Called("check");

        public IcStatus Freeze()
        {
            Called("freeze");
            return Thrown is null ? Status : throw Thrown;
        }

        public IcStatus Thaw() => Called("thaw");

        private IcStatus Called(string call)
        {
            Calls.Add(call);
            return Status;
        }
    }

    // Half of what the kernel says.
    private sealed class Garbled(StandInVssKernel kernel) : IUtilFile
    {
        public int Descriptor => kernel.Descriptor;

        public Errno Read(Span<byte> message, out int length)
        {
            Errno error = kernel.Read(message, out length);
            length /= 2;
            return error;
        }

        public Errno Write(ReadOnlySpan<byte> message) => kernel.Write(message);

        public void Dispose() => kernel.Dispose();
    }
}
