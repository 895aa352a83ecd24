// Opening and closing channels. Mirrors vmbus_open and vmbus_close (Linux drivers/hv/channel.c), step by step.

using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Guests;

partial class GuestBus
{
    private readonly HashSet<uint> _opening = [];

    /// <summary>Opens a channel: memory for its rings, a GPADL, the open request.</summary>
    /// <param name="offer">What the host offered.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">
    /// Gives up at once. The rings are freed once the host has answered that it no longer holds them, has taken the channel
    /// back, or the connection has ended. The same holds after a timeout. Until the host has answered, the channel cannot be
    /// opened again.
    /// </param>
    /// <returns>
    /// The channel, open. Dispose tells the host and frees the rings' memory. When the host takes it back, or the
    /// connection ends, it is <see cref="ChannelState.Disconnected"/>; dispose it then, so that the host may use its relid again.
    /// </returns>
    /// <exception cref="ArgumentException">A ring is not whole pages, or an option is out of range.</exception>
    /// <exception cref="GuestBusException">The host refuses, does not answer, or takes the channel back; or the connection ends.</exception>
    /// <exception cref="InvalidOperationException">
    /// The channel is no longer offered, is open, or an earlier request about it has no answer yet.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">The guest has no memory for the rings.</exception>
    public async Task<VmBusChannel> OpenAsync(GuestOffer offer, GuestChannelOptions? options = null, CancellationToken cancellationToken = default)
        => (await OpenChannelAsync(offer, options, cancellationToken).ConfigureAwait(false)).Channel;

    /// <summary>Opens a channel, and returns it with the bus's own state.</summary>
    internal async Task<GuestChannel> OpenChannelAsync(GuestOffer offer, GuestChannelOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(offer);
        cancellationToken.ThrowIfCancellationRequested();
        options ??= new GuestChannelOptions();
        uint relid = offer.Relid;
        // One that was disposed without waiting may still be closing.
        if (await _loop.RunAsync(() => BeginOpen(offer)).ConfigureAwait(false) is { } closing)
        {
            await closing.CloseAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (await _loop.RunAsync(() => BeginOpen(offer)).ConfigureAwait(false) is not null)
                throw new InvalidOperationException($"Channel {relid} is already open: it could not be closed.");
        }

        IGuestRings? rings = null;
        RingLoan? loan = null;
        GuestChannel? channel = null;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopOpening.Token);
        try
        {
            rings = _platform.AllocateRings(options.OutgoingSize, options.IncomingSize);
            (loan, Task<RequestResult> taken) = await _loop.RunAsync(() => Lend(offer, rings)).ConfigureAwait(false);
            Check(await taken.WaitAsync(either.Token).ConfigureAwait(false), $"accept the rings of channel {relid}");
            channel = Prepare(offer, options, loan);
            Task<RequestResult> opened = await _loop.RunAsync(() => Open(channel)).ConfigureAwait(false);
            Check(await opened.WaitAsync(either.Token).ConfigureAwait(false), $"open channel {relid}");
            await _loop.RunAsync(() => EndOpen(channel)).ConfigureAwait(false);
            return channel;
        }
        catch (Exception failure)
        {
            channel?.Detach();
            Task returned = await _loop.RunAsync(() => GiveUp(relid, options, loan)).ConfigureAwait(false);
            if (loan is null)
                rings?.Dispose();
            // A host that has just refused answers; one that is silent is not waited for once more.
            if (failure is GuestBusException { Result.Outcome: RequestOutcome.Completed })
                await returned.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                Check(new RequestResult(RequestOutcome.Disconnected), $"open channel {relid}");
            throw;
        }
    }

    /// <summary>Has the host interrupt another VP for a channel: from protocol 4.1 on.</summary>
    /// <param name="channel">A channel that this bus has opened.</param>
    /// <param name="targetVp">The VP, by index.</param>
    /// <param name="cancellationToken">Ends the wait; the host may still do it.</param>
    /// <exception cref="ArgumentException">The channel belongs to another bus.</exception>
    /// <exception cref="ObjectDisposedException">The channel is closed.</exception>
    /// <exception cref="InvalidOperationException">The version has no such message, or the host has taken the channel back.</exception>
    /// <exception cref="GuestBusException">The host did not.</exception>
    public async Task RetargetAsync(VmBusChannel channel, uint targetVp, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(channel);
        if (channel.Owner is not GuestChannel mine || !mine.IsOf(this))
            throw new ArgumentException("The channel belongs to another bus.", nameof(channel));
        cancellationToken.ThrowIfCancellationRequested();
        uint relid = mine.Offer.Relid;
        Task<RequestResult> asked = await _loop.RunAsync(() =>
        {
            ObjectDisposedException.ThrowIf(mine.IsClosing, channel);
            return Ask(Awaited.Retarget, relid, () => _protocol.ModifyChannel(relid, targetVp));
        }).ConfigureAwait(false);
        Check(await asked.WaitAsync(cancellationToken).ConfigureAwait(false), $"move channel {relid} to VP {targetVp}");
    }

    internal async Task CloseAsync(GuestChannel channel)
    {
        uint relid = channel.Offer.Relid;
        channel.Detach();
        if (channel.Options.IsReserved)
            await CloseReservedAsync(channel).ConfigureAwait(false);
        Task<RequestResult> returned = await _loop.RunAsync(() =>
        {
            if (_open.TryGetValue(relid, out GuestChannel? open) && open == channel)
                _open.Remove(relid);
            if (!channel.Options.IsReserved && !_isSaved && IsOpen(channel))
                _protocol.Close(relid);
            return Reclaim(channel.Loan);
        }).ConfigureAwait(false);
        RequestResult result = await returned.ConfigureAwait(false);
        if (result.Outcome is RequestOutcome.TimedOut or RequestOutcome.NotPosted)
            throw new GuestBusException($"The host did not release the rings of channel {relid}: {Reason(result)}. Their memory stays allocated until it does.", result);
    }

    // The one close that is answered.
    private async Task CloseReservedAsync(GuestChannel channel)
    {
        uint relid = channel.Offer.Relid;
        Task<RequestResult> closed = await _loop.RunAsync(() =>
            _isSaved || !IsOpen(channel) ? Task.FromResult(RequestResult.Success) : CloseReserved(relid, channel.Options)).ConfigureAwait(false);
        await closed.ConfigureAwait(false);
    }

    private Task<RequestResult> CloseReserved(uint relid, GuestChannelOptions options)
    {
        _protocol.CloseReserved(relid, options.TargetVp, SynicMsr.VmBusSint);
        return Await(Awaited.CloseReserved, relid);
    }

    private bool IsOpen(GuestChannel channel) =>
        _protocol.IsConnected && IsOffered(channel.Offer) && _protocol.StateOf(channel.Offer.Relid) == GuestChannelState.Open;

    // The channel that is still closing, if there is one.
    private GuestChannel? BeginOpen(GuestOffer offer)
    {
        uint relid = offer.Relid;
        RefuseWhenOver();
        if (!IsOffered(offer))
            throw new InvalidOperationException($"Channel {relid} is no longer offered.");
        if (_moving is not null)
            throw new InvalidOperationException("The monitor pages are being moved.");
        if (_open.TryGetValue(relid, out GuestChannel? open) && open.IsClosing)
            return open;
        if (open is not null || _opening.Contains(relid))
            throw new InvalidOperationException($"Channel {relid} is already open.");
        if (_protocol.StateOf(relid) is not GuestChannelState.Offered and var state)
            throw new InvalidOperationException($"Channel {relid} is {state}: it cannot be opened until the host has answered an earlier request about it.");
        _opening.Add(relid);
        return null;
    }

    // What may have come between the steps of an open. An open under way is told, it does not misuse the bus.
    private void RequireOpening(GuestOffer offer)
    {
        if (_failure is not null)
            throw Failed();
        if (!_protocol.IsConnected || _isEnding)
            Check(new RequestResult(RequestOutcome.Disconnected), $"open channel {offer.Relid}");
        if (!IsOffered(offer))
            Check(new RequestResult(RequestOutcome.Rescinded), $"open channel {offer.Relid}");
    }

    private (RingLoan Loan, Task<RequestResult> Taken) Lend(GuestOffer offer, IGuestRings rings)
    {
        RequireOpening(offer);
        uint gpadl = _protocol.CreateGpadl(offer.Relid, [GpadlRange.OfPages(rings.PageFrames)]);
        var loan = new RingLoan(offer.Relid, gpadl, rings);
        _loans.Add(gpadl, loan);
        return (loan, Await(Awaited.Gpadl, gpadl));
    }

    private Task<RequestResult> Open(GuestChannel channel)
    {
        RequireOpening(channel.Offer);
        uint relid = channel.Offer.Relid, gpadl = channel.Loan.Gpadl, downstreamPageOffset = (uint)channel.Loan.Rings.DownstreamPageOffset;
        GuestChannelOptions options = channel.Options;
        if (options.IsReserved)
        {
            _protocol.OpenReserved(relid, options.TargetVp, SynicMsr.VmBusSint, gpadl, downstreamPageOffset);
            channel.Loan.OutlivesConnection = true;
        }
        else
        {
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

        return Await(Awaited.Open, relid);
    }

    private void EndOpen(GuestChannel channel)
    {
        if (_isEnding || !_protocol.IsConnected)
            RequireOpening(channel.Offer);
        EndOpening(channel.Offer.Relid);
        _open.Add(channel.Offer.Relid, channel);
        // Rescinded between its open result and now: the channel learns of it as if it had been a moment later.
        if (!IsOffered(channel.Offer))
            channel.OnRescinded();
    }

    // An open that came to nothing, at any of its steps: what the host was asked for is withdrawn.
    private Task GiveUp(uint relid, GuestChannelOptions options, RingLoan? loan)
    {
        EndOpening(relid);
        if (loan is null)
            return Task.CompletedTask;
        if (_protocol.IsConnected && _protocol.StateOf(relid) is GuestChannelState.Opening or GuestChannelState.Open)
        {
            if (options.IsReserved)
                CloseReserved(relid, options);
            else
                _protocol.Close(relid);
        }

        return Reclaim(loan);
    }

    // Rings are set up and events routed before the host hears of the open: its first signal may come before its answer.
    private GuestChannel Prepare(GuestOffer offer, GuestChannelOptions options, RingLoan loan)
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
                new OutgoingRing(loan.Rings.Outgoing, new OutgoingRingOptions { MultiProducer = options.MultiProducer }),
                new IncomingRing(loan.Rings.Incoming, new IncomingRingOptions { Trust = options.Trust }),
                new ChannelSignaler(binding, _options.Clock, options.Adaptive),
                gate,
                _options.Clock)
            {
                SignalMode = options.SignalMode,
            };
            channel.Identify(new ChannelIdentity(ChannelIdentity.Guest, offer.InterfaceType, offer.InterfaceInstance, offer.Relid, offer.SubchannelIndex));
            return new GuestChannel(this, offer, options, loan, gate, route, channel);
        }
        catch
        {
            route?.Dispose();
            gate.Dispose();
            throw;
        }
    }
}
