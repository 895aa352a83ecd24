// What an event flag of a real hypervisor's guest has to do with monitor pages.

using VmBus.Layout;

namespace VmBus.Hosting;

/// <summary>An event flag that a monitor page can signal, by a number it is given when one is to.</summary>
internal abstract class MonitoredFlag(MonitoredFlags flags) : IEventFlag
{
    private uint? _connection;

    public SignalCapabilities Capabilities { get; private set; } = SignalCapabilities.Hypercall;

    // Guards where the flag is aimed as well, where that takes more than a store.
    protected Lock Sync { get; } = new();

    public abstract HypercallStatus Signal();

    public abstract void Retarget(uint vp);

    public uint? ConnectMonitor()
    {
        lock (Sync)
        {
            Capabilities |= SignalCapabilities.Monitor | SignalCapabilities.LatencyHint;
            return _connection ??= flags.Connect(this);
        }
    }

    public virtual void Dispose()
    {
        lock (Sync)
        {
            if (_connection is { } connection)
                flags.Disconnect(connection);
            _connection = null;
        }
    }
}
