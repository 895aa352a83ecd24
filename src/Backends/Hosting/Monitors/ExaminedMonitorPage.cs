// A monitor page of a guest whose hypervisor looks at none: this process looks at it, as the hypervisor does on Hyper-V.

using VmBus.Layout;

namespace VmBus.Hosting;

/// <summary>An examined monitor page, with the counts of its examiner.</summary>
internal sealed class ExaminedMonitorPage : IMonitorPage
{
    private readonly MonitorExaminer _examiner;
    private readonly MonitorScanner _scanner;

    internal ExaminedMonitorPage(MonitorExaminer examiner, MonitorScanner scanner)
    {
        _examiner = examiner;
        _scanner = scanner;
        scanner.Add(examiner);
    }

    /// <inheritdoc/>
    public MonitorPageView View => _examiner.Page;

    /// <inheritdoc/>
    public void Register(int monitorId, uint connectionId, ushort flagNumber, ushort latency)
    {
        _examiner.Register(monitorId, connectionId, flagNumber, latency);
        _scanner.Kick();
    }

    /// <inheritdoc/>
    public void Unregister(int monitorId)
    {
        _examiner.Unregister(monitorId);
        _scanner.Kick();
    }

    /// <summary>What a monitor of the page has done.</summary>
    /// <param name="monitorId">The monitor, 0 to 127.</param>
    public MonitorStatistics GetStatistics(int monitorId) => _examiner.GetStatistics(monitorId);

    /// <inheritdoc/>
    public void Dispose() => _scanner.Remove(_examiner);
}
