// HvCallSignalEvent as a channel's immediate signal. Mirrors vmbus_set_event (Linux drivers/hv/connection.c).

using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>
/// Signals a connection of a partition, at the modelled cost of a hypercall. Thread-safe, allocates nothing.
/// </summary>
internal sealed class HypercallSignalPath : ISignalPath
{
    private readonly Partition _partition;
    private readonly uint _connectionId;
    private readonly ushort _flagNumber;
    private readonly ModelledCost _cost;

    /// <summary>Makes the path of one channel.</summary>
    /// <param name="partition">Who signals.</param>
    /// <param name="connectionId">The channel's connection, or the shared one of a legacy channel.</param>
    /// <param name="flagNumber">The flag; 0 in VMBus.</param>
    /// <param name="isMonitored">Whether a monitor of the channel is registered, so that its page is examined.</param>
    public HypercallSignalPath(Partition partition, uint connectionId, ushort flagNumber = 0, bool isMonitored = false)
    {
        ArgumentNullException.ThrowIfNull(partition);
        _partition = partition;
        _connectionId = connectionId;
        _flagNumber = flagNumber;
        _cost = partition.Hypervisor.HypercallCost;
        Capabilities = isMonitored
            ? SignalCapabilities.Hypercall | SignalCapabilities.Monitor | SignalCapabilities.LatencyHint
            : SignalCapabilities.Hypercall;
    }

    /// <inheritdoc/>
    public SignalCapabilities Capabilities { get; }

    /// <inheritdoc/>
    public HypercallStatus Signal()
    {
        _cost.Pay();
        return _partition.HvSignalEvent(_connectionId, _flagNumber);
    }
}
