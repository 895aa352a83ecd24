// A host and a guest with everything VMBus needs between them, set up directly: what the guest's start-up and the
// protocol would have arranged before a channel opens.

using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;

namespace VmBus.Testing;

/// <summary>
/// One hypervisor with a host partition and a guest partition: SynICs on, SINT 2 unmasked, interrupt page and both
/// monitor pages in the guest's memory, inspected. <see cref="CreateChannel"/> creates channels.
/// </summary>
/// <remarks>Thread-safe, except <see cref="Dispose"/>: call it when no thread uses the bus or its channels any more.</remarks>
public sealed class InMemoryVmBus : IDisposable
{
    /// <summary>The connection and port that all channels share before Windows 8: <c>VMBUS_EVENT_CONNECTION_ID</c>.</summary>
    public const uint SharedEventConnection = 2;

    private const uint ChildToParentPort = 0x10;
    private const uint ParentToChildPort = 0x11;
    private const long HostMemorySize = 1 << 20;

    private readonly Lock _sync = new();
    private readonly HashSet<InMemoryChannel> _channels = [];
    private readonly List<EventFlagDispatcher> _dispatchers = [];
    private bool _disposed;

    /// <summary>Creates a bus without channels.</summary>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public InMemoryVmBus(InMemoryVmBusOptions? options = null)
    {
        Options = options ?? new InMemoryVmBusOptions();
        Hypervisor = new Hypervisor(Options.Hypervisor);
        try
        {
            Host = Hypervisor.CreatePartition(HostMemorySize + Options.HostVpCount * 2L * GuestMemory.PageSize, Options.HostVpCount);
            Guest = Hypervisor.CreatePartition(Options.GuestMemorySize, Options.GuestVpCount);
            InterruptPageAddress = Guest.Memory.AllocatePages(1);
            InterruptPage = new InterruptPageView(Guest.Memory.Translate(InterruptPageAddress, GuestMemory.PageSize));
            GuestDispatchers = StartVps(Guest, readsSendHalf: false);
            HostDispatchers = StartVps(Host, readsSendHalf: true);
            ParentToChild = Guest.CreateMonitorPort(ParentToChildPort, Guest.Memory.AllocatePages(1), signaller: Host);
            ChildToParent = Guest.CreateMonitorPort(ChildToParentPort, Guest.Memory.AllocatePages(1), signaller: Guest);
            if (IsLegacy)
                Guest.Connect(SharedEventConnection, Host.CreateEventPort(SharedEventConnection, 0, SynicMsr.VmBusSint, 0));
        }
        catch
        {
            StopDispatchers();
            Hypervisor.Dispose();
            throw;
        }
    }

    /// <summary>The options of the bus.</summary>
    public InMemoryVmBusOptions Options { get; }

    /// <summary>The hypervisor.</summary>
    internal Hypervisor Hypervisor { get; }

    /// <summary>The host, which is the root partition.</summary>
    internal Partition Host { get; }

    /// <summary>The guest.</summary>
    internal Partition Guest { get; }

    /// <summary>The monitor page from child to parent: the guest sets bits in it.</summary>
    internal MonitorPort ChildToParent { get; }

    /// <summary>The monitor page from parent to child: the host may set bits in it.</summary>
    internal MonitorPort ParentToChild { get; }

    /// <summary>The guest physical address of the interrupt page.</summary>
    public ulong InterruptPageAddress { get; }

    /// <summary>The interrupt page. Written only with <see cref="InMemoryVmBusOptions.LegacyInterrupts"/>.</summary>
    public InterruptPageView InterruptPage { get; }

    /// <summary>The guest's interrupt service routines, by VP.</summary>
    internal IReadOnlyList<EventFlagDispatcher> GuestDispatchers { get; }

    /// <summary>The host's interrupt service routines, by VP.</summary>
    internal IReadOnlyList<EventFlagDispatcher> HostDispatchers { get; }

    internal bool IsLegacy => Options.LegacyInterrupts;

    internal IdPool Relids { get; } = new("Relid", 1, SynicEventFlags.FlagCount);

    internal IdPool Monitors { get; } = new("Monitor", 0, MonitorPage.MonitorCount);

    /// <summary>Sets up a channel: relid, connection, monitor, rings, signals and waits of both ends.</summary>
    /// <param name="options">The options of the channel; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="InvalidOperationException">The requested relid or monitor is in use, or none is free.</exception>
    /// <exception cref="InsufficientMemoryException">The guest's memory has no room for the rings.</exception>
    public InMemoryChannel CreateChannel(InMemoryChannelOptions? options = null)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        options ??= new InMemoryChannelOptions();
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)options.GuestVp, (uint)Guest.VirtualProcessors.Count, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)options.HostVp, (uint)Host.VirtualProcessors.Count, nameof(options));
        var channel = new InMemoryChannel(this, options);
        lock (_sync)
            _channels.Add(channel);
        return channel;
    }

    /// <summary>Disposes every channel, then the partitions and the hypervisor.</summary>
    public void Dispose()
    {
        InMemoryChannel[] channels;
        lock (_sync)
        {
            if (_disposed)
                return;
            _disposed = true;
            channels = [.. _channels];
        }
        foreach (InMemoryChannel channel in channels)
            channel.Dispose();
        StopDispatchers();
        Hypervisor.Dispose();
    }

    internal void Forget(InMemoryChannel channel)
    {
        lock (_sync)
            _channels.Remove(channel);
    }

    private void StopDispatchers()
    {
        foreach (EventFlagDispatcher dispatcher in _dispatchers)
            dispatcher.Dispose();
    }

    private EventFlagDispatcher[] StartVps(Partition partition, bool readsSendHalf)
    {
        var dispatchers = new EventFlagDispatcher[partition.VirtualProcessors.Count];
        foreach (VirtualProcessor vp in partition.VirtualProcessors)
        {
            vp.Synic.Enable(messagePage: partition.Memory.AllocatePages(1), eventFlagsPage: partition.Memory.AllocatePages(1));
            dispatchers[vp.Index] = IsLegacy
                ? new EventFlagDispatcher(vp, SynicMsr.VmBusSint, Options.DispatchMode, InterruptPage, readsSendHalf)
                : new EventFlagDispatcher(vp, SynicMsr.VmBusSint, Options.DispatchMode);
            _dispatchers.Add(dispatchers[vp.Index]);
        }
        return dispatchers;
    }
}
