// `vmbus latency` on real threads.

using System.Diagnostics;

namespace VmBus.Tool;

/// <summary>Runs a cell: a guest that makes the load, a host that notes when each message arrives.</summary>
internal sealed class TrafficEngine(IChannelRun run) : ILatencyEngine
{
    /// <inheritdoc/>
    public LatencyCell Run(SignalMode mode, LoadKind load, LatencyOptions options, IProgress<LatencyProgress> progress, CancellationToken cancellationToken)
    {
        ChannelPlan plan = new(mode, options.RingSize, options.Window, options.Spin, options.HypercallCost, options.WakeCost);
        ReceiveJob job = new();
        GuestSender? sender = null;
        long start = Stopwatch.GetTimestamp();
        (GuestResult guest, HostResult host) = run.Run(
            plan,
            (channel, token) => (sender = new GuestSender(channel, options)).Run(load, token),
            job,
            () => progress.Report(new LatencyProgress(
                Math.Min(1, Stopwatch.GetElapsedTime(start) / (options.CellTime + GuestSender.WarmUp(options))), sender?.PacketsSent ?? 0)),
            cancellationToken);

        TimeSpan total = guest.ProcessCpu + (run is TwoProcesses ? host.ProcessCpu : TimeSpan.Zero);

        // The scan has a thread of the hypervisor's; what is used beside guest and host is its, and a little of the
        // progress display's.
        TimeSpan scan = total - guest.Cpu - host.Cpu;
        CpuTime cpu = new(total, guest.Cpu, host.Cpu, scan > TimeSpan.Zero ? scan : TimeSpan.Zero);
        return CellResult.Join(mode, load, guest, host, cpu);
    }
}
