// A monitor page that is examined. Mirrors a port of HvPortTypeMonitor (TLFS).

using VmBus.Layout;

namespace VmBus.Hosting;

/// <summary>A monitor page of a guest, examined until it is disposed.</summary>
internal interface IMonitorPage : IDisposable
{
    /// <summary>The page. The view must not outlive this object.</summary>
    MonitorPageView View { get; }

    /// <summary>Starts examining a monitor: writes its parameter and latency, and enables its group.</summary>
    /// <param name="monitorId">The monitor, 0 to 127.</param>
    /// <param name="connectionId">The connection it signals.</param>
    /// <param name="flagNumber">The flag it signals.</param>
    /// <param name="latency">How long it may wait between two looks, in units of 100 ns.</param>
    void Register(int monitorId, uint connectionId, ushort flagNumber, ushort latency);

    /// <summary>Stops examining a monitor.</summary>
    /// <param name="monitorId">The monitor.</param>
    void Unregister(int monitorId);
}
