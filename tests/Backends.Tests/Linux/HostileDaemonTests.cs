using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using VmBus.Backends.Tests.HostileUsers;
using VmBus.Integration;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

/// <summary>Stores and freezers that end the daemon they serve, call it again, or never return.</summary>
[SupportedOSPlatform("linux")]
public sealed class HostileDaemonTests : UtilDaemonFixture
{
    private readonly ManualResetEventSlim _goOn = new();

    [Fact]
    public async Task A_store_that_disposes_its_daemon_is_answered_for_and_then_the_device_is_closed()
    {
        StandInKvpKernel kernel = Own(new StandInKvpKernel());
        KvpDaemon? daemon = null;
        var store = new ScriptedStore
        {
            Sets = () =>
            {
                daemon!.Dispose();
                daemon.Dispose();
                Assert.False(kernel.IsClosed);
            },
        };
        daemon = KvpDaemon.Open(store, kernel);
        RunUntilGreeted(daemon, () => kernel.IsReady);
        Assert.Equal(IcStatus.Success, kernel.Set(0, "a", "b").Status);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Run.WaitAsync(Patience.Limit));
        Assert.True(kernel.IsClosed);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => daemon.RunAsync());
    }

    [Fact]
    public async Task A_freezer_that_disposes_its_daemon_is_answered_for_and_leaves_nothing_frozen()
    {
        StandInVssKernel kernel = Own(new StandInVssKernel());
        VssDaemon? daemon = null;
        int thaws = 0;
        var freezer = new ScriptedFreezer
        {
            Freezes = () =>
            {
                daemon!.Dispose();
                return IcStatus.Success;
            },
            Thaws = () =>
            {
                thaws++;
                daemon!.Dispose();
                return IcStatus.Success;
            },
        };
        daemon = VssDaemon.Open(freezer, kernel);
        RunUntilGreeted(daemon, () => kernel.IsReady);
        Assert.Equal(IcStatus.Success, kernel.Ask(IcVssOperation.Freeze).Status);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Run.WaitAsync(Patience.Limit));
        Assert.Equal((true, 1, false), (kernel.IsClosed, thaws, daemon.IsFrozen));
    }

    [Fact]
    public async Task A_freezer_whose_last_thaw_throws_keeps_no_device_open()
    {
        StandInVssKernel kernel = Own(new StandInVssKernel());
        VssDaemon? daemon = null;
        var freezer = new ScriptedFreezer
        {
            Freezes = () =>
            {
                daemon!.Dispose();
                return IcStatus.Success;
            },
            Thaws = static () => throw new InvalidTimeZoneException("It stays frozen."),
        };
        daemon = VssDaemon.Open(freezer, kernel);
        RunUntilGreeted(daemon, () => kernel.IsReady);
        Assert.Equal(IcStatus.Success, kernel.Ask(IcVssOperation.Freeze).Status);
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => Run.WaitAsync(Patience.Limit));
        Assert.Equal((true, true), (kernel.IsClosed, daemon.IsFrozen));
    }

    [Fact]
    public void A_store_that_runs_its_daemon_again_is_refused_and_nothing_changes()
    {
        StandInKvpKernel kernel = Own(new StandInKvpKernel());
        KvpDaemon? daemon = null;
        var store = new ScriptedStore { Sets = () => Assert.IsType<InvalidOperationException>(Record.Exception(() => { daemon!.RunAsync(); })) };
        daemon = KvpDaemon.Open(store, kernel);
        RunUntilGreeted(daemon, () => kernel.IsReady);
        Assert.Equal(IcStatus.Success, kernel.Set(0, "a", "b").Status);
        Assert.Equal(IcStatus.Success, kernel.Set(0, "a", "c").Status);
        Assert.False(Run.IsCompleted);
    }

    [Fact]
    public async Task A_store_that_does_not_return_is_waited_for_by_dispose_and_answered_for()
    {
        StandInKvpKernel kernel = Own(new StandInKvpKernel());
        using var inside = new ManualResetEventSlim();
        var store = new ScriptedStore
        {
            Sets = () =>
            {
                inside.Set();
                _goOn.Wait(Patience.Limit);
            },
        };
        KvpDaemon daemon = KvpDaemon.Open(store, kernel);
        RunUntilGreeted(daemon, () => kernel.IsReady);
        Task<StandInKvpKernel.Answer> asked = Task.Run(() => kernel.Set(0, "a", "b"));
        Assert.True(inside.Wait(Patience.Limit));
        await Stop.CancelAsync();
        Task disposed = Task.Run(daemon.Dispose);
        Background.Until(() => Record.Exception(() => { daemon.RunAsync(); }) is ObjectDisposedException, "the dispose to begin");
        Assert.False(disposed.IsCompleted || kernel.IsClosed);
        _goOn.Set();
        Assert.Equal(IcStatus.Success, (await asked.WaitAsync(Patience.Limit)).Status);
        await disposed.WaitAsync(Patience.Limit);
        Assert.True(kernel.IsClosed);
        Assert.NotNull(await Record.ExceptionAsync(() => Run.WaitAsync(Patience.Limit)));
    }

    private sealed class ScriptedStore : IKvpStore
    {
        private readonly KvpStore _pairs = new();

        public Action Sets { get; init; } = static () => { };

        public bool TryGet(IcKvpPool pool, string key, out KvpValue value) => _pairs.TryGet(pool, key, out value);

        public IcStatus Set(IcKvpPool pool, string key, KvpValue value)
        {
            Sets();
            return _pairs.Set(pool, key, value);
        }

        public IcStatus Delete(IcKvpPool pool, string key) => _pairs.Delete(pool, key);

        public bool TryGetAt(IcKvpPool pool, uint index, [NotNullWhen(true)] out string? key, out KvpValue value) =>
            _pairs.TryGetAt(pool, index, out key, out value);
    }
}
