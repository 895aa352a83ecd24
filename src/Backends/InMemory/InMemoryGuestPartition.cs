// A guest of the in-memory hypervisor as its host sees it: ports in the host's partition, messages and event flags set
// directly, as a root partition does (HvCallPostMessageDirect, HvCallSignalEventDirect).

using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.InMemory;

/// <summary>A host's view of a guest partition of a <see cref="Hypervisor"/>.</summary>
internal sealed class InMemoryGuestPartition : IGuestPartition
{
    private readonly Partition _host;
    private readonly Partition _guest;

    /// <summary>Makes a view.</summary>
    /// <param name="host">The host: the root partition.</param>
    /// <param name="guest">The guest, another partition of the same hypervisor.</param>
    /// <exception cref="ArgumentException">The host is not the root, or the two are not of one hypervisor.</exception>
    public InMemoryGuestPartition(Partition host, Partition guest)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(guest);
        if (!host.IsRoot)
            throw new ArgumentException($"Partition {host.Id} is not the root, so it cannot access others.", nameof(host));
        if (host.Hypervisor != guest.Hypervisor || host == guest)
            throw new ArgumentException("The guest is another partition of the host's hypervisor.", nameof(guest));
        _host = host;
        _guest = guest;
    }

    /// <inheritdoc/>
    public int VpCount => _guest.VirtualProcessors.Count;

    /// <inheritdoc/>
    public IGuestMemory Memory => _guest.Memory;

    /// <inheritdoc/>
    public ISignalGate CreateGate() => _host.Hypervisor.CreateGate();

    /// <inheritdoc/>
    public IDisposable ConnectMessages(uint connectionId, GuestMessageHandler handler) =>
        Connect(connectionId, _host.CreateInterceptPort(_host.UnusedPortId(), handler));

    /// <inheritdoc/>
    public IDisposable ConnectEvents(uint connectionId, ISignalGate gate)
    {
        ArgumentNullException.ThrowIfNull(gate);
        return ConnectEvents(connectionId, gate.Set);
    }

    /// <inheritdoc/>
    public IDisposable ConnectEvents(uint connectionId, Action signalled) =>
        Connect(connectionId, _host.CreateNotificationPort(_host.UnusedPortId(), signalled));

    /// <inheritdoc/>
    public HypercallStatus PostMessage(MessageTarget target, ReadOnlySpan<byte> payload) =>
        target.Vp > int.MaxValue
            ? HypercallStatus.InvalidVpIndex
            : _host.HvPostMessageDirect(_guest, (int)target.Vp, target.Sint, SynicMessageType.Channel, payload);

    /// <inheritdoc/>
    public IDisposable WatchMessageSlots(Action freed)
    {
        ArgumentNullException.ThrowIfNull(freed);
        foreach (VirtualProcessor vp in _guest.VirtualProcessors)
            vp.Synic.SlotsChanged += freed;
        return new Undo(() =>
        {
            foreach (VirtualProcessor vp in _guest.VirtualProcessors)
                vp.Synic.SlotsChanged -= freed;
        });
    }

    /// <inheritdoc/>
    public IEventFlag? TryCreateEventFlag(MessageTarget target, int flag) =>
        target.Vp < (uint)VpCount && target.Sint < SynicMsr.SintCount && (uint)flag < SynicEventFlags.FlagCount
            ? new InMemoryEventFlag(_host, _guest, target, flag)
            : null;

    /// <inheritdoc/>
    public IMonitorPage? TryOpenMonitorPage(ulong gpa, MonitorDirection direction)
    {
        if (gpa == 0 || gpa % GuestMemory.PageSize != 0 || !_guest.Memory.Contains(gpa, GuestMemory.PageSize))
            return null;
        Partition signaller = direction == MonitorDirection.ChildToParent ? _guest : _host;
        return new InMemoryMonitorPage(_guest.CreateMonitorPort(_guest.UnusedPortId(), gpa, signaller));
    }

    private Undo Connect(uint connectionId, Port port)
    {
        try
        {
            _guest.Connect(connectionId, port);
        }
        catch (HypercallException taken)
        {
            _host.DeletePort(port.Id);
            throw new InvalidOperationException(taken.Message, taken);
        }
        return new Undo(() =>
        {
            _guest.Disconnect(connectionId);
            _host.DeletePort(port.Id);
        });
    }
}
