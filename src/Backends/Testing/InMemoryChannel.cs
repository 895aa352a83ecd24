// The memory, ports, connections and monitors of one channel between the two partitions of an InMemoryVmBus.

using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;

namespace VmBus.Testing;

/// <summary>
/// One channel: all resources that a host assigns with an offer and a guest sets up to open it. Dispose it when both ends are
/// finished with it, before the bus.
/// </summary>
public sealed class InMemoryChannel : IDisposable
{
    private readonly InMemoryVmBus _bus;
    private readonly InMemoryChannelOptions _options;
    private readonly List<Action> _undo = [];
    private int _disposed;

    internal InMemoryChannel(InMemoryVmBus bus, InMemoryChannelOptions options)
    {
        if (options.Latency.Ticks is < 0 or > ushort.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(options), options.Latency, "A latency hint is at most 6.5535 ms.");
        _bus = bus;
        _options = options;
        try
        {
            Relid = bus.Relids.Take(options.Relid);
            _undo.Add(() => bus.Relids.Return(Relid));
            // OpenVMM's scheme: protocol.rs, ConnectionId::new, and the event port id of vmbus_server/lib.rs.
            ConnectionId = bus.IsLegacy ? InMemoryVmBus.SharedEventConnection : Relid | SynicMsr.VmBusSint << 12;
            if (options.HasMonitor || options.HasHostMonitor)
            {
                MonitorId = (int)bus.Monitors.Take((uint?)options.MonitorId);
                _undo.Add(() => bus.Monitors.Return((uint)MonitorId));
            }
            (RingMapping toHost, RingMapping toGuest) = MapRings();
            Guest = MakeGuestEnd(toHost, toGuest);
            Host = MakeHostEnd(toGuest, toHost);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The channel's relid.</summary>
    public uint Relid { get; }

    /// <summary>The guest's connection id for the channel.</summary>
    public uint ConnectionId { get; }

    /// <summary>The channel's monitor; <see langword="null"/> when it has none.</summary>
    public int? MonitorId { get; }

    /// <summary>The guest's end.</summary>
    internal InMemoryChannelEnd Guest { get; }

    /// <summary>The host's end.</summary>
    internal InMemoryChannelEnd Host { get; }

    /// <summary>What the guest's monitor of this channel has done; zeros without a monitor.</summary>
    internal MonitorStatistics GuestMonitorStatistics =>
        _options.HasMonitor ? _bus.ChildToParent.Examiner.GetStatistics(MonitorId!.Value) : default;

    /// <summary>Opens the guest's end. Each end can be open once at a time.</summary>
    /// <param name="trust">How far the host is trusted.</param>
    /// <param name="multiProducer">Whether several threads can send at once.</param>
    /// <param name="clock">The clock for timeouts and for the adaptive policy; <see langword="null"/> for the system's.</param>
    /// <param name="adaptive">When an adaptive channel switches; <see langword="null"/> for the defaults.</param>
    /// <returns>The end. It is disposed with the channel at the latest.</returns>
    /// <exception cref="ObjectDisposedException">The channel is disposed.</exception>
    public VmBusChannel OpenGuest(PeerTrust trust = PeerTrust.Trusted, bool multiProducer = false, TimeProvider? clock = null, AdaptiveOptions? adaptive = null) =>
        Guest.Open(trust, multiProducer, clock, adaptive);

    /// <summary>Opens the host's end. Each end can be open once at a time.</summary>
    /// <param name="trust">How far the guest is trusted.</param>
    /// <param name="multiProducer">Whether several threads can send at once.</param>
    /// <param name="clock">The clock for timeouts and for the adaptive policy; <see langword="null"/> for the system's.</param>
    /// <param name="adaptive">When an adaptive channel switches; <see langword="null"/> for the defaults.</param>
    /// <returns>The end. It is disposed with the channel at the latest.</returns>
    /// <exception cref="ObjectDisposedException">The channel is disposed.</exception>
    public VmBusChannel OpenHost(PeerTrust trust = PeerTrust.Trusted, bool multiProducer = false, TimeProvider? clock = null, AdaptiveOptions? adaptive = null) =>
        Host.Open(trust, multiProducer, clock, adaptive);

    /// <summary>
    /// Closes the channel and frees its ends, monitors, connections, ports, gates, rings and pages. A waiter
    /// on either gate gets <see cref="PeerDisconnectedException"/>. Any thread can call this, more than once.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        Guest?.End();
        Host?.End();
        for (int step = _undo.Count - 1; step >= 0; step--)
            _undo[step]();
        _bus.Forget(this);
    }

    // As one GPADL: the ring the guest writes, then the ring it reads.
    private (RingMapping ToHost, RingMapping ToGuest) MapRings()
    {
        GuestMemory memory = _bus.Guest.Memory;
        int toHostPages = 1 + _options.GuestToHostSize / GuestMemory.PageSize;
        int pages = checked(toHostPages + 1 + _options.HostToGuestSize / GuestMemory.PageSize);
        ulong gpa = memory.AllocatePages(pages);
        _undo.Add(() => memory.FreePages(gpa, pages));
        RingMapping toHost = memory.MapRing(gpa, _options.GuestToHostSize);
        _undo.Add(toHost.Dispose);
        RingMapping toGuest = memory.MapRing(gpa + (ulong)toHostPages * GuestMemory.PageSize, _options.HostToGuestSize);
        _undo.Add(toGuest.Dispose);
        return (toHost, toGuest);
    }

    private InMemoryChannelEnd MakeGuestEnd(RingMapping outgoing, RingMapping incoming)
    {
        if (!_bus.IsLegacy)
        {
            uint portId = 2u << 22 | Relid << 8 | SynicMsr.VmBusSint << 4;
            Link(_bus.Guest, ConnectionId, _bus.Host.CreateEventPort(portId, _options.HostVp, SynicMsr.VmBusSint, (int)Relid));
        }
        if (_options.HasMonitor)
            Monitor(_bus.ChildToParent, ConnectionId);
        var path = new HypercallSignalPath(_bus.Guest, ConnectionId, 0, _options.HasMonitor);
        return MakeEnd(outgoing, incoming, path, _options.HasMonitor ? _bus.ChildToParent.Page : null, _bus.GuestDispatchers[_options.GuestVp], "host");
    }

    private InMemoryChannelEnd MakeHostEnd(RingMapping outgoing, RingMapping incoming)
    {
        VirtualProcessor target = _bus.Guest.VirtualProcessors[_options.GuestVp];
        bool monitored = _options.HasHostMonitor && !_bus.IsLegacy;
        if (monitored)
        {
            uint portId = 2u << 22 | Relid << 8 | SynicMsr.VmBusSint << 4;
            Link(_bus.Host, ConnectionId, _bus.Guest.CreateEventPort(portId, _options.GuestVp, SynicMsr.VmBusSint, (int)Relid));
            Monitor(_bus.ParentToChild, ConnectionId);
        }
        ISignalPath path = _bus.IsLegacy
            ? new EventFlagSignalPath(target, Relid, _bus.InterruptPage)
            : new EventFlagSignalPath(target, Relid, SynicMsr.VmBusSint, monitored);
        return MakeEnd(outgoing, incoming, path, monitored ? _bus.ParentToChild.Page : null, _bus.HostDispatchers[_options.HostVp], "guest");
    }

    private InMemoryChannelEnd MakeEnd(RingMapping outgoing, RingMapping incoming, ISignalPath path, MonitorPageView? monitorPage, EventFlagDispatcher dispatcher, string peer)
    {
        WakeGate gate = _bus.Hypervisor.CreateGate();
        dispatcher.Register(Relid, gate);
        _undo.Add(() =>
        {
            dispatcher.Unregister(Relid);
            gate.Close($"Channel {Relid} to the {peer} was closed.");
        });
        var binding = new SignalBinding
        {
            ChildRelid = Relid,
            Path = path,
            MonitorPage = monitorPage,
            MonitorId = MonitorId ?? 0,
            // The host's legacy path writes its half of the page itself: SignalBinding knows the guest's half only.
            InterruptPage = _bus.IsLegacy && path is HypercallSignalPath ? _bus.InterruptPage : null,
            HasDedicatedInterrupt = !_bus.IsLegacy,
        };
        return new InMemoryChannelEnd(outgoing, incoming, binding, gate);
    }

    private void Link(Partition from, uint connectionId, Port port)
    {
        _undo.Add(() => port.Owner.DeletePort(port.Id));
        from.Connect(connectionId, port);
        _undo.Add(() => from.Disconnect(connectionId));
    }

    private void Monitor(MonitorPort port, uint connectionId)
    {
        int monitorId = MonitorId!.Value;
        port.Register(monitorId, connectionId, 0, (ushort)_options.Latency.Ticks);
        _undo.Add(() => port.Unregister(monitorId));
    }
}
