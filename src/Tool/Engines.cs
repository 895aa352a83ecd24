// The one place where the command meets what runs its traffic.

using System.Runtime.Versioning;
using VmBus.Integration;
using VmBus.Linux;
using VmBus.Protocol;

namespace VmBus.Tool;

/// <summary>Which engine runs a command, and where it finds the kernel.</summary>
internal sealed class Engines
{
    /// <summary>The engines of this program.</summary>
    public static Engines Product { get; } = new()
    {
        Latency = static (options, observer) => options.Simulate ? new SimulatedEngine() : new TrafficEngine(Run(options.Processes, observer)),
        Copy = static options => new CopyEngine(Run(options.Processes)),
    };

    /// <summary>
    /// The engine for a measurement: on real threads, in two processes, or under a fake clock; and who sees the messages of
    /// its connections, if given.
    /// </summary>
    public required Func<LatencyOptions, IMessageObserver?, ILatencyEngine> Latency { get; init; }

    /// <summary>The engine for a copy: in one process or two.</summary>
    public required Func<CopyOptions, ICopyEngine> Copy { get; init; }

    /// <summary>The VMBus of this guest, by where sysfs is.</summary>
    public Func<string, VmBusSysfs> Sysfs { get; init; } = static root => new VmBusSysfs(root);

    /// <summary>Where proc is.</summary>
    public string Proc { get; init; } = "/proc";

    /// <summary>The clock of what waits between two looks.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The daemon of pairs, by its store and its device.</summary>
    [SupportedOSPlatform("linux")]
    public Func<IKvpStore, string, KvpDaemon> KvpDaemon { get; init; } = Linux.KvpDaemon.Open;

    /// <summary>The daemon of snapshots, by its freezer and its device.</summary>
    [SupportedOSPlatform("linux")]
    public Func<IVolumeFreezer, string, VssDaemon> VssDaemon { get; init; } = Linux.VssDaemon.Open;

    /// <summary>What freezes the file systems of this guest.</summary>
    [SupportedOSPlatform("linux")]
    public Func<IVolumeFreezer> VolumeFreezer { get; init; } = static () => new MountedVolumes();

    private static IChannelRun Run(int processes, IMessageObserver? observer = null)
    {
        if (processes == 1)
            return new OneProcess(observer);
        return OperatingSystem.IsLinux()
            ? new TwoProcesses()
            : throw new UsageException("--processes 2 needs memfd and eventfd, which only Linux has");
    }
}
