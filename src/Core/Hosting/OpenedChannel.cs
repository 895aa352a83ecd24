// Everything a host holds for one open channel: mapped rings, event port, event flag, monitors, and the channel that
// stands on them. Made before the device learns of the open, so that no early signal of the guest is lost.

using VmBus.Protocol;

namespace VmBus.Hosting;

internal sealed class OpenedChannel : IDisposable
{
    private readonly Stack<IDisposable> _held = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly ISignalGate _gate;
    private readonly ISignalPath _path;
    private readonly IEventFlag? _flag;
    private readonly RingMemory _outgoing;
    private readonly RingMemory _incoming;
    private readonly ushort _latency;
    private Held? _towardsGuest;
    private bool _disposed;

    /// <summary>Sets everything up, or lets nothing behind.</summary>
    /// <exception cref="RefusedException">The guest asked for something that cannot be.</exception>
    public OpenedChannel(OfferLink link, HostOpenRequest request, IGuestPartition partition, ConnectedPages? pages, HostBusOptions options)
    {
        Request = request;
        _latency = (ushort)(link.Offer.MonitorLatency?.Ticks ?? 0);
        try
        {
            (_incoming, _outgoing) = MapRings(link, request, partition.Memory);
            _gate = Hold(partition.CreateGate());
            Hold(Connect(partition, pages, request, _gate));
            if (request.MonitorId is { } monitorId && pages?.ChildToParent is { } monitored)
            {
                monitored.Register(monitorId, request.ConnectionId, 0, _latency);
                _held.Push(new Held(() => Monitored?.Unregister(monitorId)));
                Monitored = monitored;
            }
            (_path, _flag) = MakePath(request, partition, pages, options.Protocol);
            var binding = new SignalBinding
            {
                ChildRelid = request.Relid,
                Path = _path,
                MonitorPage = MonitorTowardsGuest(link.Options, request, pages)?.View,
                MonitorId = request.MonitorId ?? 0,
                IsConcurrent = link.Options.MultiProducer,
            };
            Channel = Hold(new VmBusChannel(
                new OutgoingRing(_outgoing, new OutgoingRingOptions { MultiProducer = link.Options.MultiProducer }),
                new IncomingRing(_incoming, new IncomingRingOptions { Trust = link.Options.Trust }),
                new ChannelSignaler(binding, options.Clock, link.Options.Adaptive),
                _gate,
                options.Clock)
            {
                Mode = binding.MonitorPage is null ? SignalMode.LowLatency : link.Options.Mode,
            });
        }
        catch (RingCorruptException corrupt)
        {
            Dispose();
            throw new RefusedException($"The guest opens a ring in an impossible condition: {corrupt.Message}");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public VmBusChannel Channel { get; } = null!;

    public HostOpenRequest Request { get; }

    public CancellationToken Closing => _closing.Token;

    public IMonitorPage? Monitored { get; private set; }

    /// <summary>The device's service; ended when nothing touches the channel any more.</summary>
    public Task Service { get; set; } = Task.CompletedTask;

    public ITimer? Unsticker { get; set; }

    /// <summary>Lets the service end: its waits do, and it is told.</summary>
    public void BeginClose()
    {
        if (_closing.IsCancellationRequested)
            return;
        Unsticker?.Dispose();
        Channel.OnDisconnected(new PeerDisconnectedException($"The guest closed channel {Request.Relid}, or it was taken back."));
        _closing.Cancel();
    }

    public void Retarget(uint vp) => _flag?.Retarget(vp);

    /// <summary>The guest has moved its monitor pages, or has none any more: go on with the new ones.</summary>
    public void MoveMonitors(ConnectedPages? pages)
    {
        // The page the host sets bits in is the old one: it is left alone for good, and signalled without.
        Channel.Mode = SignalMode.LowLatency;
        _towardsGuest?.Dispose();
        if (Request.MonitorId is not { } monitorId || Monitored is null)
            return;
        Monitored = pages?.ChildToParent;
        Monitored?.Register(monitorId, Request.ConnectionId, 0, _latency);
    }

    /// <summary>
    /// Signals if the rings say that the guest has something to hear of. A guest that dropped the signal that came before
    /// the open result would wait for ever (OpenVMM's channel_unstick_delay).
    /// </summary>
    public void Unstick()
    {
        RingControl toGuest = _outgoing.Control, toHost = _incoming.Control;
        bool readerWaits = toGuest.LoadInterruptMask() == 0 && toGuest.LoadReadIndex() != toGuest.LoadWriteIndex();
        uint wanted = toHost.LoadPendingSendSize();
        uint used = RingHandshake.Distance(toHost.LoadReadIndex(), toHost.LoadWriteIndex(), (uint)_incoming.DataSize);
        bool writerWaits = wanted != 0 && (uint)_incoming.DataSize - used > wanted;
        if (readerWaits || writerWaits)
            _path.Signal();
    }

    /// <summary>Has both sides look at their rings: signals may have been missed.</summary>
    public void SignalBoth()
    {
        _gate.Set();
        _path.Signal();
    }

    // From 6.0 on a guest may name the connection, and may name any.
    private static IDisposable Connect(IGuestPartition partition, ConnectedPages? pages, HostOpenRequest request, ISignalGate gate)
    {
        try
        {
            return pages?.Connect(partition, request, gate) ?? partition.ConnectEvents(request.ConnectionId, gate);
        }
        catch (InvalidOperationException taken)
        {
            throw new RefusedException($"Channel {request.Relid} cannot be signalled by connection 0x{request.ConnectionId:x}: {taken.Message}");
        }
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        while (_held.TryPop(out IDisposable? held))
            held.Dispose();
        _closing.Dispose();
    }

    private T Hold<T>(T resource) where T : IDisposable
    {
        _held.Push(resource);
        return resource;
    }

    // One GPADL of whole pages: the ring the guest writes, and from the downstream page on the one it reads.
    private (RingMemory Incoming, RingMemory Outgoing) MapRings(OfferLink link, HostOpenRequest request, IGuestMemory memory)
    {
        if (!link.Gpadls.TryGetValue(request.Gpadl, out IReadOnlyList<GpadlRange>? ranges) || ranges.Count != 1)
            throw new RefusedException($"GPADL 0x{request.Gpadl:x} is not one range.");
        GpadlRange range = ranges[0];
        if (range.ByteOffset != 0 || range.ByteCount % GpadlRange.PageSize != 0)
            throw new RefusedException($"GPADL 0x{request.Gpadl:x} is not whole pages: {range.ByteCount} bytes from byte {range.ByteOffset} on.");
        ReadOnlySpan<ulong> frames = range.PageFrames.Span;
        uint downstream = request.DownstreamPageOffset;
        if (downstream < 2 || downstream > frames.Length - 2)
            throw new RefusedException($"The downstream ring begins at page {downstream} of {frames.Length}; each ring has two at the least.");
        return (Map(frames[..(int)downstream], memory), Map(frames[(int)downstream..], memory));
    }

    private RingMemory Map(ReadOnlySpan<ulong> frames, IGuestMemory memory) =>
        Hold(memory.TryMapRing(frames) ?? throw new RefusedException($"A ring of {frames.Length} pages could not be mapped.")).Memory;

    private (ISignalPath Path, IEventFlag? Flag) MakePath(HostOpenRequest request, IGuestPartition partition, ConnectedPages? pages, HostProtocolOptions protocol)
    {
        if (request.TargetVp is not { } vp)
            return (SilentPath.Instance, null);
        if (pages is { SharedFlag: { } shared, InterruptPage: { } page })
            return (new SharedEventPath(shared, page, request.Relid), null);
        byte sint = request.ReservedTarget?.Sint ?? protocol.Sint;
        IEventFlag flag = partition.TryCreateEventFlag(new MessageTarget(vp, sint, protocol.Vtl), request.EventFlag)
            ?? throw new RefusedException($"The guest has no VP {vp}.");
        return (Hold(flag), flag);
    }

    private IMonitorPage? MonitorTowardsGuest(DeviceChannelOptions options, HostOpenRequest request, ConnectedPages? pages)
    {
        if (options.Mode == SignalMode.LowLatency || request.MonitorId is not { } monitorId
            || pages?.ParentToChild is not { } page || _flag?.ConnectMonitor() is not { } connectionId)
        {
            return null;
        }
        page.Register(monitorId, connectionId, 0, _latency);
        _towardsGuest = Hold(new Held(() => page.Unregister(monitorId)));
        return page;
    }
}
