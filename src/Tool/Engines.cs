// The one place where the command meets what runs its traffic.

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

    private static IChannelRun Run(int processes, IMessageObserver? observer = null)
    {
        if (processes == 1)
            return new OneProcess(observer);
        return OperatingSystem.IsLinux()
            ? new TwoProcesses()
            : throw new UsageException("--processes 2 needs memfd and eventfd, which only Linux has");
    }
}
