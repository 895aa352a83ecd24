// A guest of the in-memory hypervisor as it sees itself: SynICs enabled, interrupts taken, hypercalls made. What a
// kernel's hv_synic_init and hyperv_cleanup do around vmbus_drv (Linux drivers/hv).

using System.Runtime.InteropServices;
using VmBus.Guests;
using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>
/// A guest's platform on a partition of a <see cref="Hypervisor"/>. Dispose it after everything that came from it and
/// before the hypervisor.
/// </summary>
internal sealed class InMemoryGuestPlatform : IGuestPlatform, IDisposable
{
    private readonly Partition _guest;
    private readonly EventFlagDispatcher[] _dispatchers;
    private readonly ulong _synicPages;
    private readonly bool _scatterPages;
    private HostMessageHandler? _handler;
    private bool _disposed;

    /// <summary>Enables the SynIC of every VP and starts taking its interrupts.</summary>
    /// <param name="guest">The guest's partition.</param>
    /// <param name="mode">On whose time interrupts are taken.</param>
    /// <param name="scatterPages">
    /// Whether a channel's rings lie in pages that are not neighbours, as a kernel's often do. Needs
    /// <see cref="HypervisorOptions.SharedMemory"/>.
    /// </param>
    /// <exception cref="ArgumentException">Scattered pages cannot be mapped in memory that is not shared.</exception>
    public InMemoryGuestPlatform(Partition guest, DispatchMode mode = DispatchMode.Inline, bool scatterPages = false)
    {
        ArgumentNullException.ThrowIfNull(guest);
        if (scatterPages && !guest.Memory.IsShared)
            throw new ArgumentException("Scattered pages are mapped as one ring only if the guest's memory is shared.", nameof(scatterPages));
        _guest = guest;
        _scatterPages = scatterPages;
        _synicPages = guest.Memory.AllocatePages(2 * VpCount);
        _dispatchers = new EventFlagDispatcher[VpCount];
        for (int vp = 0; vp < VpCount; vp++)
        {
            ulong pages = _synicPages + (ulong)(2 * vp * GuestMemory.PageSize);
            guest.VirtualProcessors[vp].Synic.Enable(messagePage: pages, eventFlagsPage: pages + GuestMemory.PageSize);
            _dispatchers[vp] = new EventFlagDispatcher(guest.VirtualProcessors[vp], SynicMsr.VmBusSint, mode);
        }
    }

    /// <summary>The guest's interrupt service routines, by VP.</summary>
    public IReadOnlyList<EventFlagDispatcher> Dispatchers => _dispatchers;

    /// <inheritdoc/>
    public int VpCount => _guest.VirtualProcessors.Count;

    /// <inheritdoc/>
    public HypercallStatus PostMessage(uint connectionId, ReadOnlySpan<byte> payload) =>
        _guest.HvPostMessage(connectionId, SynicMessageType.Channel, payload);

    /// <inheritdoc/>
    public IDisposable ReceiveMessages(HostMessageHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        if (Interlocked.CompareExchange(ref _handler, handler, null) is not null)
            throw new InvalidOperationException("This guest is already connected, and has one connection at a time. Use that one, or dispose it and connect again.");
        foreach (EventFlagDispatcher dispatcher in _dispatchers)
            dispatcher.MessageReceived = Receive;
        return new Undo(() =>
        {
            foreach (EventFlagDispatcher dispatcher in _dispatchers)
                dispatcher.MessageReceived = null;
            Volatile.Write(ref _handler, null);
        });
    }

    /// <inheritdoc/>
    public IGuestPages AllocatePages(int count) => new InMemoryGuestPages(_guest.Memory, count);

    /// <inheritdoc/>
    public IGuestRings AllocateRings(int outgoingSize, int incomingSize) =>
        new InMemoryGuestRings(_guest.Memory, outgoingSize, incomingSize, _scatterPages);

    /// <inheritdoc/>
    public IGuestPages? TryAdoptPages(ReadOnlySpan<ulong> pageFrames)
    {
        if (pageFrames.IsEmpty || !_guest.Memory.AreAllocated(pageFrames))
            return null;
        for (int page = 1; page < pageFrames.Length; page++)
        {
            if (pageFrames[page] != pageFrames[0] + (uint)page)
                return null;
        }
        return new InMemoryGuestPages(_guest.Memory, pageFrames[0] * GuestMemory.PageSize, pageFrames.Length);
    }

    /// <inheritdoc/>
    public IGuestRings? TryAdoptRings(ReadOnlySpan<ulong> pageFrames, int downstreamPageOffset)
    {
        if (downstreamPageOffset < 2 || downstreamPageOffset > pageFrames.Length - 2 || !_guest.Memory.AreAllocated(pageFrames))
            return null;
        try
        {
            return new InMemoryGuestRings(_guest.Memory, pageFrames, downstreamPageOffset);
        }
        catch (InsufficientMemoryException)
        {
            // The pages lie so that this memory cannot map them as rings.
            return null;
        }
    }

    /// <inheritdoc/>
    public IMappedPage? TryMapHostPage(ulong gpa) => _guest.Memory.TryMapPage(gpa);

    /// <inheritdoc/>
    public ISignalPath CreateSignalPath(uint connectionId, bool isMonitored) =>
        new HypercallSignalPath(_guest, connectionId, 0, isMonitored);

    /// <inheritdoc/>
    public ISignalGate CreateGate() => _guest.Hypervisor.CreateGate();

    /// <inheritdoc/>
    public IDisposable RouteEvents(uint flag, ISignalGate gate)
    {
        ArgumentNullException.ThrowIfNull(gate);
        int routed = 0;
        try
        {
            for (; routed < _dispatchers.Length; routed++)
                _dispatchers[routed].Register(flag, gate);
        }
        catch
        {
            while (routed-- > 0)
                _dispatchers[routed].Unregister(flag);
            throw;
        }
        return new Undo(() =>
        {
            foreach (EventFlagDispatcher dispatcher in _dispatchers)
                dispatcher.Unregister(flag);
        });
    }

    /// <inheritdoc/>
    public void ShareEvents(InterruptPageView? page)
    {
        foreach (EventFlagDispatcher dispatcher in _dispatchers)
            dispatcher.ShareEvents(page);
    }

    /// <summary>Stops taking interrupts and turns the SynICs off.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        foreach (EventFlagDispatcher dispatcher in _dispatchers)
            dispatcher.Dispose();
        foreach (VirtualProcessor vp in _guest.VirtualProcessors)
            vp.Synic.Reset();
        _guest.Memory.FreePages(_synicPages, 2 * VpCount);
    }

    private void Receive(int sint, in SynicMessage message)
    {
        if (message.Header.MessageType != SynicMessageType.Channel || Volatile.Read(ref _handler) is not { } handler)
            return;
        int length = Math.Min((int)message.Header.PayloadSize, SynicMessagePayload.Size);
        handler(MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)message.Payload)[..length]);
    }
}
