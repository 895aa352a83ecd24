// What a connection id of a partition stands for (HvConnectPort).

namespace VmBus.InMemory;

internal sealed class Connection(Port port)
{
    public Port Port { get; } = port;
}
