// Everything a host holds for one open channel: mapped rings, event port, event flag, monitors, and the channel that
// uses them. Made before the device learns of the open, so that no early signal of the guest is lost.

using VmBus.Protocol;

namespace VmBus.Hosting;

internal sealed class OpenedChannel : IDisposable
{
    private readonly Stack<IDisposable> _held = new();          // what the guest sees of it
    private readonly Stack<IDisposable> _touched = new();       // what the service may touch as long as it has not ended
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<Exception> _refusedEnd;
    private readonly ISignalGate _gate;
    private readonly ISignalPath _path;
    private readonly IEventFlag? _flag;
    private readonly RingMemory _outgoing;
    private readonly RingMemory _incoming;
    private readonly ushort _latency;
    private Held? _towardsGuest;
    private ITimer? _deadline;

    /// <summary>Sets everything up, or lets nothing behind.</summary>
    /// <param name="link">The offer.</param>
    /// <param name="request">What the guest asks for.</param>
    /// <param name="partition">The guest.</param>
    /// <param name="pages">Its connection's pages, if it is connected.</param>
    /// <param name="frames">Which pages are rings.</param>
    /// <param name="mappings">How many mappings rings may take.</param>
    /// <param name="options">The bus's.</param>
    /// <param name="refusedEnd">Told what the service threw when its token was cancelled.</param>
    /// <exception cref="RefusedException">The guest asked for something that cannot be.</exception>
    public OpenedChannel(
        OfferLink link, HostOpenRequest request, IGuestPartition partition, ConnectedPages? pages, RingFrames frames, MappingBudget mappings, HostBusOptions options,
        Action<Exception> refusedEnd)
    {
        Link = link;
        Request = request;
        _refusedEnd = refusedEnd;
        _latency = (ushort)(link.Offer.MonitorLatency?.Ticks ?? 0);
        try
        {
            (_incoming, _outgoing) = MapRings(link, request, partition.Memory, frames, mappings);
            _gate = Touch(partition.CreateGate());
            _held.Push(Connect(partition, pages, request, _gate));
            if (request.MonitorId is { } monitorId)
            {
                pages?.ChildToParent?.Register(monitorId, request.ConnectionId, 0, _latency);
                Monitored = pages?.ChildToParent;
                _held.Push(new Held(() => Monitored?.Unregister(monitorId)));
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
            Channel = Touch(new VmBusChannel(
                new OutgoingRing(_outgoing, new OutgoingRingOptions { MultiProducer = link.Options.MultiProducer }),
                new IncomingRing(_incoming, new IncomingRingOptions { Trust = link.Options.Trust }),
                new ChannelSignaler(binding, options.Clock, link.Options.Adaptive),
                _gate,
                options.Clock)
            {
                SignalMode = binding.MonitorPage is null ? SignalMode.LowLatency : link.Options.SignalMode,
            });
            Channel.Identify(new ChannelIdentity(ChannelIdentity.Host, link.Offer.InterfaceType, link.Offer.InterfaceInstance, request.Relid, link.Offer.SubchannelIndex));
        }
        catch (RingCorruptException corrupt)
        {
            Dispose();
            throw new RefusedException($"The guest opens a ring in an invalid state: {corrupt.Message}");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Of which offer.</summary>
    public OfferLink Link { get; }

    public VmBusChannel Channel { get; } = null!;

    public HostOpenRequest Request { get; }

    public CancellationToken Closing => _closing.Token;

    public IMonitorPage? Monitored { get; private set; }

    /// <summary>The device's service: ended when nothing touches the channel any more, with what it threw. Never fails.</summary>
    public Task<Exception?> Service { get; set; } = Task.FromResult<Exception?>(null);

    public ITimer? Unsticker { get; set; }

    /// <summary>What the bus does when the channel is the service's no more.</summary>
    public List<Action> Then { get; } = [];

    /// <summary>Ends when the channel is the service's no more: it has ended, or lost the channel.</summary>
    public Task Left => _left.Task;

    /// <summary>Whether the service lost the channel, because it did not end in time.</summary>
    public bool IsLost { get; set; }

    /// <summary>Whether the service was told to end.</summary>
    public bool IsClosing => _closing.IsCancellationRequested;

    /// <summary>Ends the service: its token is cancelled and its waits end. None of its code runs in this call.</summary>
    /// <param name="late">Called once if the service does not end in time, on any thread.</param>
    /// <param name="limit">How long it has.</param>
    /// <param name="clock">The clock of that.</param>
    public void BeginClose(Action late, TimeSpan limit, TimeProvider clock)
    {
        if (IsClosing)
            return;
        Unsticker?.Dispose();
        if (limit != Timeout.InfiniteTimeSpan && !Service.IsCompleted)
            _deadline = clock.CreateTimer(_ => late(), null, limit, Timeout.InfiniteTimeSpan);
        // The token first: a service whose wait ends asks the token whether that is a failure.
        DeviceCode.Cancel(_closing, _refusedEnd);
        Channel.OnDisconnected(new PeerDisconnectedException($"The guest closed channel {Request.Relid}, or its offer was revoked."));
    }

    /// <summary>
    /// The channel is the service's no more. What the guest sees of it goes now, and its memory with it when the service has
    /// ended.
    /// </summary>
    public void Leave()
    {
        _deadline?.Dispose();
        try
        {
            if (Service.IsCompleted)
            {
                Dispose();
                return;
            }
            // It sets no bits in the guest's pages any more: those are the guest's again.
            Channel.Dispose();
            try
            {
                ReleaseAll(_held);
            }
            finally
            {
                Service.ContinueWith(_ => DisposeLate(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
        finally
        {
            _left.TrySetResult();
        }
    }

    public void Retarget(uint vp) => _flag?.Retarget(vp);

    /// <summary>The guest has moved its monitor pages, or has none any more: go on with the new ones.</summary>
    public void MoveMonitors(ConnectedPages? pages)
    {
        // The page the host sets bits in is the old one: it is left alone for good, and signalled without.
        Channel.SignalMode = SignalMode.LowLatency;
        _towardsGuest?.Dispose();
        if (Request.MonitorId is not { } monitorId)
            return;
        // Also where it had none just now: a guest that takes its pages away and names others later goes on by them.
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

    /// <summary>Gives everything back. No service is left, or there never was one.</summary>
    public void Dispose()
    {
        try
        {
            ReleaseAll(_held);
        }
        finally
        {
            ReleaseAll(_touched);
        }
    }

    private void DisposeLate()
    {
        try
        {
            Dispose();
        }
        catch (Exception failure)
        {
            _refusedEnd(failure);
        }
    }

    // Whatever one of them says, the others go as well.
    private static void ReleaseAll(Stack<IDisposable> held)
    {
        List<Exception>? failures = null;
        while (held.TryPop(out IDisposable? next))
        {
            try
            {
                next.Dispose();
            }
            catch (Exception failure)
            {
                (failures ??= []).Add(failure);
            }
        }
        if (failures is not null)
            throw new AggregateException("Not all resources of a channel could be released.", failures);
    }

    private T Touch<T>(T resource) where T : IDisposable
    {
        _touched.Push(resource);
        return resource;
    }

    // One GPADL of whole pages: the ring the guest writes, and from the downstream page on the one it reads.
    private (RingMemory Incoming, RingMemory Outgoing) MapRings(
        OfferLink link, HostOpenRequest request, IGuestMemory memory, RingFrames taken, MappingBudget mappings)
    {
        if (!link.Gpadls.TryGetValue(request.Gpadl, out IReadOnlyList<GpadlRange>? ranges) || ranges.Count != 1)
            throw new RefusedException($"GPADL 0x{request.Gpadl:x} is not one range.");
        GpadlRange range = ranges[0];
        if (range.ByteOffset != 0 || range.ByteCount % GpadlRange.PageSize != 0)
            throw new RefusedException($"GPADL 0x{request.Gpadl:x} is not whole pages: {range.ByteCount} bytes from byte {range.ByteOffset} on.");
        ReadOnlySpan<ulong> frames = range.PageFrames.Span;
        uint downstream = request.DownstreamPageOffset;
        if (downstream < 2 || downstream > frames.Length - 2)
            throw new RefusedException($"The downstream ring begins at page {downstream} of {frames.Length}; each ring has at least two.");
        _held.Push(taken.Take(range.PageFrames));
        return (Map(frames[..(int)downstream], memory, mappings), Map(frames[(int)downstream..], memory, mappings));
    }

    private RingMemory Map(ReadOnlySpan<ulong> frames, IGuestMemory memory, MappingBudget mappings)
    {
        RingShare share = mappings.Take(frames);
        IMappedRing? ring = null;
        try
        {
            ring = memory.TryMapRing(frames) ?? throw new RefusedException($"A ring of {frames.Length} pages could not be mapped.");
        }
        finally
        {
            if (ring is null)
                share.Return();
        }
        ring.Share = share;
        return Touch(ring).Memory;
    }

    private (ISignalPath Path, IEventFlag? Flag) MakePath(HostOpenRequest request, IGuestPartition partition, ConnectedPages? pages, HostProtocolOptions protocol)
    {
        if (request.TargetVp is not { } vp)
            return (SilentPath.Instance, null);
        if (pages is { SharedFlag: { } shared, InterruptPage: { } page })
            return (new SharedEventPath(shared, page, request.Relid), null);
        byte sint = request.ReservedTarget?.Sint ?? protocol.Sint;
        IEventFlag flag = partition.TryCreateEventFlag(new MessageTarget(vp, sint, protocol.Vtl), request.EventFlag)
            ?? throw new RefusedException($"The guest has no VP {vp}.");
        return (Touch(flag), flag);
    }

    private IMonitorPage? MonitorTowardsGuest(DeviceChannelOptions options, HostOpenRequest request, ConnectedPages? pages)
    {
        if (options.SignalMode == SignalMode.LowLatency || request.MonitorId is not { } monitorId
            || pages?.ParentToChild is not { } page || _flag?.ConnectMonitor() is not { } connectionId)
        {
            return null;
        }
        page.Register(monitorId, connectionId, 0, _latency);
        _towardsGuest = new Held(() => page.Unregister(monitorId));
        _held.Push(_towardsGuest);
        return page;
    }
}
