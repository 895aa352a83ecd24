// The receiving end of signals or messages. Mirrors a TLFS port (HvCreatePort, HV_PORT_INFO).

using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>A port of a partition: what a connection leads to. Made by the <c>Create…Port</c> methods of <see cref="Partition"/>.</summary>
internal abstract class Port
{
    /// <summary>A port id has 24 bits.</summary>
    public const uint MaxId = 0xFF_FFFF;

    private volatile bool _deleted;

    private protected Port(Partition owner, uint id)
    {
        Owner = owner;
        Id = id;
    }

    /// <summary>The partition that receives.</summary>
    public Partition Owner { get; }

    /// <summary>The port's id in its partition, 24 bits.</summary>
    public uint Id { get; }

    /// <summary>Whether the port was deleted; a call through a connection to it fails with <c>HV_STATUS_INVALID_PORT_ID</c>.</summary>
    public bool IsDeleted => _deleted;

    // HvSignalEvent through a connection to this port. A port of another type answers INVALID_PORT_ID, as the TLFS says.
    internal virtual HypercallStatus Signal(ushort flagNumber) => HypercallStatus.InvalidPortId;

    // HvPostMessage through a connection to this port.
    internal virtual HypercallStatus Post(SynicMessageType type, ReadOnlySpan<byte> payload) => HypercallStatus.InvalidPortId;

    internal void Delete()
    {
        _deleted = true;
        OnDeleted();
    }

    private protected virtual void OnDeleted()
    {
    }
}
