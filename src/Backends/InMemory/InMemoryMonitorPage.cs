// A monitor page of a guest that the in-memory hypervisor examines.

using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>An examined monitor page, with the counts of its examiner.</summary>
internal sealed class InMemoryMonitorPage : IMonitorPage
{
    private readonly MonitorPort _port;

    internal InMemoryMonitorPage(MonitorPort port) => _port = port;

    /// <inheritdoc/>
    public MonitorPageView View => _port.Page;

    /// <inheritdoc/>
    public void Register(int monitorId, uint connectionId, ushort flagNumber, ushort latency) =>
        _port.Register(monitorId, connectionId, flagNumber, latency);

    /// <inheritdoc/>
    public void Unregister(int monitorId) => _port.Unregister(monitorId);

    /// <summary>What a monitor of the page has done.</summary>
    /// <param name="monitorId">The monitor, 0 to 127.</param>
    public MonitorStatistics GetStatistics(int monitorId) => _port.Examiner.GetStatistics(monitorId);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_port.IsDeleted)
            _port.Owner.DeletePort(_port.Id);
    }
}
