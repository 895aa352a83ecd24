// A partition: memory, VPs, the ports it receives on and the connections it sends through. Its hypercalls are in
// Partition.Hypercalls.cs.

using System.Collections.Concurrent;
using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>
/// A partition of a <see cref="InMemory.Hypervisor"/>. Thread-safe. Whatever it made stops working when the hypervisor
/// is disposed; no thread may be inside a call then.
/// </summary>
internal sealed partial class Partition
{
    /// <summary>A connection id has 24 bits; the upper 8 are reserved.</summary>
    public const uint MaxConnectionId = 0xFF_FFFF;

    private readonly ConcurrentDictionary<uint, Port> _ports = new();
    private readonly ConcurrentDictionary<uint, Connection> _connections = new();
    private readonly VirtualProcessor[] _virtualProcessors;
    private uint _nextPortId;
    private uint _nextConnectionId;

    internal Partition(Hypervisor hypervisor, int id, long memorySize, int vpCount, PartitionPrivileges privileges)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vpCount, 1);
        Hypervisor = hypervisor;
        Id = id;
        Privileges = privileges;
        Memory = new GuestMemory(memorySize, hypervisor.Options.SharedMemory);
        _virtualProcessors = new VirtualProcessor[vpCount];
        for (int index = 0; index < vpCount; index++)
            _virtualProcessors[index] = new VirtualProcessor(this, index);
    }

    /// <summary>The hypervisor it belongs to.</summary>
    public Hypervisor Hypervisor { get; }

    /// <summary>Its id: 1 for the first partition, the root, and counting.</summary>
    public int Id { get; }

    /// <summary>Whether it is the root partition, the first one created.</summary>
    public bool IsRoot => Id == 1;

    /// <summary>What it may ask of the hypervisor.</summary>
    public PartitionPrivileges Privileges { get; }

    /// <summary>Its memory.</summary>
    public GuestMemory Memory { get; }

    /// <summary>Its virtual processors, by index.</summary>
    public IReadOnlyList<VirtualProcessor> VirtualProcessors => _virtualProcessors;

    /// <summary>Creates a port whose signals set event flags.</summary>
    /// <param name="portId">The port's id, 24 bits, not in use.</param>
    /// <param name="vpIndex">The VP that is signalled.</param>
    /// <param name="sint">The SINT, 0 to 15.</param>
    /// <param name="baseFlag">The event flag that flag number 0 stands for.</param>
    /// <param name="flagCount">How many flags the port has; they end at flag 2047.</param>
    /// <exception cref="HypercallException">An argument out of range, or the id is in use.</exception>
    public EventPort CreateEventPort(uint portId, int vpIndex, int sint, int baseFlag, int flagCount = 1)
    {
        VirtualProcessor target = Target(portId, vpIndex, sint);
        if (baseFlag < 0 || flagCount < 1 || baseFlag > SynicEventFlags.FlagCount - flagCount)
            throw new HypercallException(HypercallStatus.InvalidParameter, $"Port {portId}: flags {baseFlag} to {(long)baseFlag + flagCount - 1} are not all within 0 to {SynicEventFlags.FlagCount - 1}.");
        return AddPort(new EventPort(this, portId, target, sint, baseFlag, flagCount));
    }

    /// <summary>Creates a port whose messages appear in a VP's message page.</summary>
    /// <param name="portId">The port's id, 24 bits, not in use.</param>
    /// <param name="vpIndex">The VP that receives.</param>
    /// <param name="sint">The SINT, 0 to 15.</param>
    /// <exception cref="HypercallException">An argument out of range, or the id is in use.</exception>
    public MessagePort CreateMessagePort(uint portId, int vpIndex, int sint) =>
        AddPort(new MessagePort(this, portId, Target(portId, vpIndex, sint), sint, Hypervisor.Options.MessageBuffersPerPort));

    /// <summary>Creates a port whose signals call a delegate, on the thread that signals.</summary>
    /// <param name="portId">The port's id, 24 bits, not in use.</param>
    /// <param name="notify">Called for each signal, possibly on several threads at once. Must neither throw nor block.</param>
    /// <exception cref="HypercallException">The id is out of range or in use.</exception>
    public NotificationPort CreateNotificationPort(uint portId, Action notify)
    {
        ArgumentNullException.ThrowIfNull(notify);
        return AddPort(new NotificationPort(this, portId, notify));
    }

    /// <summary>Creates a port whose signals go to an eventfd, as <c>KVM_HYPERV_EVENTFD</c> does.</summary>
    /// <param name="portId">The port's id, 24 bits, not in use.</param>
    /// <param name="eventFd">Signalled; must stay open until the port is deleted.</param>
    /// <exception cref="HypercallException">The id is out of range or in use.</exception>
    [SupportedOSPlatform("linux")]
    public NotificationPort CreateNotificationPort(uint portId, EventFd eventFd)
    {
        ArgumentNullException.ThrowIfNull(eventFd);
        return AddPort(new NotificationPort(this, portId, eventFd.Signal));
    }

    /// <summary>Creates a port whose messages are handed to a delegate, on the thread that posts.</summary>
    /// <param name="portId">The port's id, 24 bits, not in use.</param>
    /// <param name="handler">Called for each message, possibly on several threads at once. Must neither throw nor block.</param>
    /// <exception cref="HypercallException">The id is out of range or in use.</exception>
    public InterceptPort CreateInterceptPort(uint portId, GuestMessageHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return AddPort(new InterceptPort(this, portId, handler));
    }

    /// <summary>Has a page of this partition's memory examined as a monitor page.</summary>
    /// <param name="portId">The port's id, 24 bits, not in use.</param>
    /// <param name="gpa">The guest physical address of the page; not 0.</param>
    /// <param name="signaller">
    /// Who sets pending bits in it, and so whose connections its parameters name: the guest for the page from child to
    /// parent, the host for the other. This partition by default.
    /// </param>
    /// <exception cref="HypercallException">No such page, or the id is out of range or in use.</exception>
    public MonitorPort CreateMonitorPort(uint portId, ulong gpa, Partition? signaller = null)
    {
        if (gpa == 0 || gpa % GuestMemory.PageSize != 0 || !Memory.Contains(gpa, GuestMemory.PageSize))
            throw new HypercallException(HypercallStatus.InvalidParameter, $"Port {portId}: no page at guest physical address 0x{gpa:x}.");
        CheckPortId(portId);
        signaller ??= this;
        var page = new MonitorPageView(Memory.Translate(gpa, GuestMemory.PageSize));
        var examiner = new MonitorExaminer(page, Hypervisor.Options.Monitor, signaller.HvSignalEvent);
        return AddPort(new MonitorPort(this, portId, gpa, signaller, examiner, Hypervisor.Scanner));
    }

    /// <summary>An unused port id: counted from the top down, out of the way of those that mean something.</summary>
    internal uint UnusedPortId() => Unused(ref _nextPortId, _ports);

    /// <summary>An unused connection id, likewise.</summary>
    internal uint UnusedConnectionId() => Unused(ref _nextConnectionId, _connections);

    /// <summary>Deletes a port. Messages in its buffers are lost; connections to it stay and fail.</summary>
    /// <exception cref="HypercallException">No such port.</exception>
    public void DeletePort(uint portId)
    {
        if (!_ports.TryRemove(portId, out Port? port))
            throw new HypercallException(HypercallStatus.InvalidPortId, $"Partition {Id} has no port {portId}.");
        port.Delete();
    }

    /// <summary>Connects this partition to a port.</summary>
    /// <param name="connectionId">What this partition will call the connection: 24 bits, not in use.</param>
    /// <param name="port">The port.</param>
    /// <exception cref="HypercallException">The id is out of range or in use, or the port is deleted or a monitor page.</exception>
    public void Connect(uint connectionId, Port port)
    {
        ArgumentNullException.ThrowIfNull(port);
        if (connectionId > MaxConnectionId)
            throw new HypercallException(HypercallStatus.InvalidConnectionId, $"Connection id 0x{connectionId:x} has more than 24 bits.");
        if (port.IsDeleted || port is MonitorPort)
            throw new HypercallException(HypercallStatus.InvalidPortId, $"Port {port.Id} of partition {port.Owner.Id} {(port.IsDeleted ? "is deleted" : "is a monitor page")}.");
        if (!_connections.TryAdd(connectionId, new Connection(port)))
            throw new HypercallException(HypercallStatus.InvalidConnectionId, $"Connection id 0x{connectionId:x} of partition {Id} is in use.");
    }

    /// <summary>Severs a connection. Messages already posted are delivered.</summary>
    /// <exception cref="HypercallException">No such connection.</exception>
    public void Disconnect(uint connectionId)
    {
        if (!_connections.TryRemove(connectionId, out _))
            throw new HypercallException(HypercallStatus.InvalidConnectionId, $"Partition {Id} has no connection 0x{connectionId:x}.");
    }

    // After the monitor scan has stopped: nothing of this partition can be reached by a call any more.
    internal void Stop()
    {
        foreach (Port port in _ports.Values)
            port.Delete();
        _ports.Clear();
        foreach (VirtualProcessor vp in _virtualProcessors)
            vp.Synic.Reset();
    }

    private VirtualProcessor Target(uint portId, int vpIndex, int sint)
    {
        if ((uint)vpIndex >= (uint)_virtualProcessors.Length)
            throw new HypercallException(HypercallStatus.InvalidVpIndex, $"Port {portId}: partition {Id} has no VP {vpIndex}.");
        if ((uint)sint >= SynicMsr.SintCount)
            throw new HypercallException(HypercallStatus.InvalidParameter, $"Port {portId}: no SINT {sint}.");
        return _virtualProcessors[vpIndex];
    }

    private static uint Unused<T>(ref uint next, ConcurrentDictionary<uint, T> used)
    {
        while (true)
        {
            uint id = Port.MaxId - Interlocked.Increment(ref next) % (Port.MaxId / 2);
            if (!used.ContainsKey(id))
                return id;
        }
    }

    private void CheckPortId(uint portId)
    {
        if (portId > Port.MaxId)
            throw new HypercallException(HypercallStatus.InvalidPortId, $"Port id 0x{portId:x} has more than 24 bits.");
        if (_ports.ContainsKey(portId))
            throw new HypercallException(HypercallStatus.InvalidPortId, $"Port {portId} of partition {Id} is in use.");
    }

    private T AddPort<T>(T port) where T : Port
    {
        CheckPortId(port.Id);
        if (!_ports.TryAdd(port.Id, port))
        {
            port.Delete();
            throw new HypercallException(HypercallStatus.InvalidPortId, $"Port {port.Id} of partition {Id} is in use.");
        }
        return port;
    }
}
