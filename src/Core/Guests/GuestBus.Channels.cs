// Opening and closing channels. Mirrors vmbus_open and vmbus_close (Linux drivers/hv/channel.c), step by step.

using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Guests;

public sealed partial class GuestBus
{
    private readonly HashSet<uint> _opening = [];
    private readonly HashSet<uint> _unreleased = [];    // rescinded while open or being opened

    /// <summary>Opens a channel: memory for its rings, a GPADL, the open request.</summary>
    /// <param name="offer">What the host offered.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Gives up: what was done by then is undone behind the caller's back.</param>
    /// <returns>The channel, open.</returns>
    /// <exception cref="ArgumentException">A ring is not whole pages, or an option is out of range.</exception>
    /// <exception cref="GuestBusException">The host refuses, does not answer, or takes the channel back.</exception>
    /// <exception cref="InvalidOperationException">The channel is not on offer any more, or is open.</exception>
    /// <exception cref="InsufficientMemoryException">The guest has no memory for the rings.</exception>
    public async Task<GuestChannel> OpenAsync(GuestOffer offer, GuestChannelOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(offer);
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        Task<GuestChannel> opening = OpenCoreAsync(offer, options ?? new GuestChannelOptions());
        try
        {
            return await opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _ = CloseWhenOpenAsync(opening);
            throw;
        }
    }

    internal Task RetargetAsync(uint relid, uint targetVp, CancellationToken cancellationToken) =>
        AskAsync(Awaited.Retarget, relid, () => _protocol.ModifyChannel(relid, targetVp), $"move channel {relid} to VP {targetVp}", cancellationToken);

    internal async Task CloseAsync(GuestChannel channel)
    {
        uint relid = channel.Offer.Relid;
        channel.Detach();
        if (channel.Options.IsReserved)
            await CloseReservedAsync(channel).ConfigureAwait(false);
        Task<RequestResult> tornDown = await _loop.RunAsync(() =>
        {
            _open.Remove(relid);
            if (!channel.Options.IsReserved && IsOffered(channel.Offer))
                _protocol.Close(relid);
            return Teardown(channel.Gpadl);
        }).ConfigureAwait(false);
        await FreeAsync(channel.FreeRings, tornDown, relid).ConfigureAwait(false);
    }

    // The one close that is answered.
    private async Task CloseReservedAsync(GuestChannel channel)
    {
        uint relid = channel.Offer.Relid;
        Task<RequestResult> closed = await _loop.RunAsync(() =>
        {
            if (!IsOffered(channel.Offer) || _protocol.State == GuestConnectionState.Disconnected)
                return Task.FromResult(RequestResult.Success);
            _protocol.CloseReserved(relid, channel.Options.TargetVp, SynicMsr.VmBusSint);
            return Await(Awaited.CloseReserved, relid);
        }).ConfigureAwait(false);
        await closed.ConfigureAwait(false);
    }

    private static async Task CloseWhenOpenAsync(Task<GuestChannel> opening)
    {
        GuestChannel channel;
        try
        {
            channel = await opening.ConfigureAwait(false);
        }
        catch (VmBusException)
        {
            // It never opened: there is nothing to close, and whoever asked has gone.
            return;
        }
        await channel.CloseAsync().ConfigureAwait(false);
    }

    private async Task<GuestChannel> OpenCoreAsync(GuestOffer offer, GuestChannelOptions options)
    {
        uint relid = offer.Relid;
        await _loop.RunAsync(() => BeginOpen(offer)).ConfigureAwait(false);
        IGuestRings? rings = null;
        uint? gpadl = null;
        try
        {
            rings = _platform.AllocateRings(options.OutgoingSize, options.IncomingSize);
            (uint handle, RequestResult taken) = await CreateGpadlAsync(relid, rings).ConfigureAwait(false);
            // Unless it refused, or never heard of it, the host may have the memory or take it yet.
            if (taken.IsSuccess || taken.Outcome is not (RequestOutcome.Completed or RequestOutcome.NotPosted))
                gpadl = handle;
            Check(taken, $"take the rings of channel {relid}");
            GuestChannel channel = Prepare(offer, options, rings, handle);
            try
            {
                await AskAsync(Awaited.Open, relid, () => Open(relid, handle, (uint)rings.DownstreamPageOffset, options),
                    $"open channel {relid}", CancellationToken.None).ConfigureAwait(false);
            }
            catch
            {
                channel.Detach();
                throw;
            }
            await _loop.RunAsync(() => EndOpen(channel)).ConfigureAwait(false);
            return channel;
        }
        catch
        {
            await AbandonAsync(relid, rings, gpadl).ConfigureAwait(false);
            throw;
        }
    }

    private void Open(uint relid, uint gpadl, uint downstreamPageOffset, GuestChannelOptions options)
    {
        if (options.IsReserved)
        {
            _protocol.OpenReserved(relid, options.TargetVp, SynicMsr.VmBusSint, gpadl, downstreamPageOffset);
            return;
        }
        _protocol.Open(relid, new GuestOpenRequest
        {
            Gpadl = gpadl,
            TargetVp = options.TargetVp,
            DownstreamPageOffset = downstreamPageOffset,
            UserData = options.UserData,
            ConnectionId = options.ConnectionId,
            EventFlag = options.EventFlag,
            RedirectInterrupt = options.RedirectInterrupt,
        });
    }

    private void BeginOpen(GuestOffer offer)
    {
        RefuseWhenSaving();
        if (!IsOffered(offer))
            throw new InvalidOperationException($"Channel {offer.Relid} is not on offer any more.");
        if (_isMoving)
            throw new InvalidOperationException("The monitor pages are being moved.");
        if (_open.ContainsKey(offer.Relid) || !_opening.Add(offer.Relid))
            throw new InvalidOperationException($"Channel {offer.Relid} is open already.");
    }

    private void EndOpen(GuestChannel channel)
    {
        _opening.Remove(channel.Offer.Relid);
        _open.Add(channel.Offer.Relid, channel);
        // Rescinded between its open result and now: the channel learns of it as if it had been a moment later.
        if (!IsOffered(channel.Offer))
            channel.OnRescinded();
    }

    private async Task<(uint Handle, RequestResult Taken)> CreateGpadlAsync(uint relid, IGuestRings rings)
    {
        (uint handle, Task<RequestResult> taken) = await _loop.RunAsync(() =>
        {
            uint handle = _protocol.CreateGpadl(relid, [GpadlRange.OfPages(rings.PageFrames)]);
            return (handle, Await(Awaited.Gpadl, handle));
        }).ConfigureAwait(false);
        return (handle, await taken.ConfigureAwait(false));
    }

    // Rings are set up and events routed before the host hears of the open: its first signal may come before its answer.
    private GuestChannel Prepare(GuestOffer offer, GuestChannelOptions options, IGuestRings rings, uint gpadl)
    {
        bool isMonitored = offer.MonitorId is not null && MonitorPage is not null && !options.IsReserved;
        ISignalGate gate = _platform.CreateGate();
        IDisposable? route = null;
        try
        {
            route = _platform.RouteEvents(options.EventFlag ?? offer.Relid, gate);
            var binding = new SignalBinding
            {
                ChildRelid = offer.Relid,
                Path = _platform.CreateSignalPath(options.ConnectionId ?? offer.ConnectionId, isMonitored),
                MonitorPage = isMonitored ? MonitorPage : null,
                MonitorId = offer.MonitorId ?? 0,
                InterruptPage = Negotiated.HasInterruptPage ? InterruptPage : null,
                HasDedicatedInterrupt = offer.HasDedicatedInterrupt,
                IsConcurrent = options.MultiProducer,
            };
            var channel = new VmBusChannel(
                new OutgoingRing(rings.Outgoing, new OutgoingRingOptions { MultiProducer = options.MultiProducer }),
                new IncomingRing(rings.Incoming, new IncomingRingOptions { Trust = options.Trust }),
                new ChannelSignaler(binding, _options.Clock, options.Adaptive),
                gate,
                _options.Clock)
            {
                Mode = options.Mode,
            };
            return new GuestChannel(this, offer, options, gpadl, rings, gate, route, channel);
        }
        catch
        {
            route?.Dispose();
            gate.Dispose();
            throw;
        }
    }

    // An open that came to nothing: the GPADL is taken back, then its memory.
    private async Task AbandonAsync(uint relid, IGuestRings? rings, uint? gpadl)
    {
        Task<RequestResult> tornDown = await _loop.RunAsync(() =>
        {
            _opening.Remove(relid);
            return gpadl is { } handle ? Teardown(handle) : Task.FromResult(RequestResult.Success);
        }).ConfigureAwait(false);
        await FreeAsync(() => rings?.Dispose(), tornDown, relid).ConfigureAwait(false);
    }

    private Task<RequestResult> Teardown(uint gpadl)
    {
        if (_protocol.State == GuestConnectionState.Disconnected)
            return Task.FromResult(new RequestResult(RequestOutcome.Disconnected));
        _protocol.TeardownGpadl(gpadl);
        return Await(Awaited.Teardown, gpadl);
    }

    private async Task FreeAsync(Action free, Task<RequestResult> tornDown, uint relid)
    {
        RequestResult result = await tornDown.ConfigureAwait(false);
        // A host that rescinds has let go before, and a connection that has ended holds nothing.
        bool isFree = result.IsSuccess || result.Outcome is RequestOutcome.Rescinded or RequestOutcome.Disconnected;
        if (isFree)
            free();
        _loop.Run(() =>
        {
            if (_unreleased.Remove(relid) && _protocol.State == GuestConnectionState.Connected)
                _protocol.ReleaseRelid(relid);
        });
        if (!isFree)
            throw new GuestBusException($"The host did not let go of the rings of channel {relid}: {result}. The memory stays taken.", result);
    }
}
