using System.Runtime.Versioning;
using VmBus.Backends.Tests.Linux;
using VmBus.Backends.Tests.Shared;
using VmBus.Integration;
using VmBus.Linux;

namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>What stands on a Linux kernel: two processes' channels, devices, daemons, folders.</summary>
[SupportedOSPlatform("linux")]
internal static class EndedLinuxTypes
{
    private static readonly Guid Network = new("ed963694-e847-4b2a-85af-bc9cfc11d6f3");

    public static Dictionary<string, Func<Task<EndedCase>>> All { get; } = new(StringComparer.Ordinal)
    {
        ["SharedHost"] = () => Task.FromResult(Host()),
        ["SharedGuest"] = () => Task.FromResult(Guest()),
        ["VmBusDevice"] = DeviceAsync,
        ["UioBuffer"] = BufferAsync,
        ["KernelChannel"] = () => Task.FromResult(Kernel()),
        ["KvpDaemon"] = () => Task.FromResult(Pairs(runs: true)),
        ["KvpDaemon: never run"] = () => Task.FromResult(Pairs(runs: false)),
        ["VssDaemon"] = () => Task.FromResult(Snapshots()),
        ["FileCopyFolder"] = () => Task.FromResult(Folder()),
        ["VmBusBinding"] = () => Task.FromResult(Binding()),
        ["VmBusWatcher"] = () => Task.FromResult(Watcher()),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static EndedCase Host()
    {
        var pair = new SharedPair();
        return new EndedCase(pair.Host).EndedBy(pair.Host.Dispose)
            .Throws("Channel", () => pair.Host.Channel.TrySend([1]))
            .Throws("Channel", () => pair.Host.Channel.WaitToRead(Timeout.InfiniteTimeSpan, Token))
            .After(pair.Dispose);
    }

    private static EndedCase Guest()
    {
        var pair = new SharedPair();
        return new EndedCase(pair.Guest).EndedBy(pair.Guest.Dispose)
            .Throws("Channel", () => pair.Guest.Channel.TrySend([1]))
            .Throws("Channel", () => pair.Guest.Channel.WaitToRead(Timeout.InfiniteTimeSpan, Token))
            .After(pair.Dispose);
    }

    private static async Task<EndedCase> DeviceAsync()
    {
        var standIn = new UioStandIn(41);
        standIn.AddSubchannel(78, null);
        VmBusDevice device = await VmBusDevice.OpenAsync(UioStandIn.Instance, new VmBusDeviceOptions { Sysfs = standIn.Sysfs }, Token);
        return new EndedCase(device).EndedBy(device.Dispose).EndedBy(() => device.DisposeAsync().AsTask()).EndedBy(() => device.CloseAsync(Token))
            .Throws("OpenSubchannel", () => device.OpenSubchannel(78).Dispose())
            .Throws("Channel", () => device.Channel.WaitToRead(Timeout.InfiniteTimeSpan, Token))
            .Answers("CloseAsync", () => device.Channel.State == ChannelState.Closed ? device.CloseAsync(Token) : Task.CompletedTask)
            .After(standIn.Release);
    }

    private static async Task<EndedCase> BufferAsync()
    {
        var standIn = new UioStandIn(41);
        standIn.Announce(3, "recv:925200", 8192);
        VmBusDevice device = await VmBusDevice.OpenAsync(UioStandIn.Instance, new VmBusDeviceOptions { Sysfs = standIn.Sysfs }, Token);
        UioBuffer buffer = device.ReceiveBuffer!;
        return new EndedCase(buffer).EndedBy(device.Dispose)
            .Throws("AsSpan", () => buffer.AsSpan()[5000]++)
            .Throws("Address", () => _ = buffer.Address)
            .After(standIn.Release);
    }

    private static EndedCase Kernel()
    {
        var module = new StandInModule();
        module.Channels[(Network, 0)] = new(3);
        KernelChannel channel = KernelChannel.Open(Network, sysfs: new VmBusSysfs { OpenSignal = module.OpenNode });
        return new EndedCase(channel).EndedBy(channel.Dispose)
            .Throws("GetState", () => channel.GetState())
            .Throws("SetLowLatency", () => channel.SetLowLatency(true));
    }

    private static EndedCase Pairs(bool runs)
    {
        var kernel = new StandInKvpKernel();
        KvpDaemon daemon = KvpDaemon.Open(new KvpStore(), kernel);
        return Daemon(daemon, kernel, runs, () => kernel.IsReady);
    }

    private static EndedCase Snapshots()
    {
        var kernel = new StandInVssKernel();
        VssDaemon daemon = VssDaemon.Open(new ScriptedFreezer(), kernel);
        return Daemon(daemon, kernel, runs: true, () => kernel.IsReady);
    }

    private static EndedCase Daemon(UtilDaemon daemon, StandInUtil kernel, bool runs, Func<bool> isReady)
    {
        Task run = Task.CompletedTask;
        var made = new EndedCase(daemon);
        if (runs)
        {
            run = daemon.RunAsync(Token);
            Background.Until(isReady, "the greeting");
        }

        return made.EndedBy(daemon.Dispose)
            .Throws("RunAsync", () => daemon.RunAsync(Token))
            .After(async () =>
            {
                await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                Assert.True(kernel.IsClosed);
                Assert.True(run.Exception is null || run.Exception.InnerException is ObjectDisposedException, run.Exception?.ToString());
            });
    }

    private static EndedCase Folder()
    {
        DirectoryInfo place = Directory.CreateTempSubdirectory("vmbus-ended");
        FileCopyFolder folder = FileCopyFolder.Open(place.FullName);
        return new EndedCase(folder).EndedBy(folder.Dispose)
            .Throws("Begin", () => folder.Begin(new FileCopyRequest("f", "", 1, default), out _))
            .After(() => place.Delete(recursive: true));
    }

    private static EndedCase Binding()
    {
        SysfsTree tree = SysfsTree.Load("synthetic-linux-6.12.tree");
        var kernel = new StandInKernel(tree);
        VmBusBinding binding = VmBusBinding.Bind(tree.Sysfs, Network, undoOnDispose: true, kernel.Write);
        return new EndedCase(binding).EndedBy(binding.Dispose).After(tree.Dispose);
    }

    private static EndedCase Watcher()
    {
        SysfsTree tree = SysfsTree.Load("synthetic-linux-6.12.tree");
        var watcher = new VmBusWatcher(tree.Sysfs);
        return new EndedCase(watcher).EndedBy(watcher.Dispose)
            .Throws("Wait", () => watcher.Wait(TimeSpan.Zero, Token))
            .Throws("Wait", () => watcher.Wait(Timeout.InfiniteTimeSpan, Token))
            .After(tree.Dispose);
    }
}
