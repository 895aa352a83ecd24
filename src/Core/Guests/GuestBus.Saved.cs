// A guest's connection that is saved, and one that goes on from there. The format is in docs/saved-state.md.

using VmBus.Protocol;

namespace VmBus.Guests;

partial class GuestBus
{
    private bool _isSaving;     // the loop's, as all here
    private bool _isSaved;
    private TaskCompletionSource? _quiet;

    /// <summary>The channels that are open, by relid: after a restore, those that were open before.</summary>
    /// <param name="cancellationToken">Looked at before.</param>
    public async Task<IReadOnlyDictionary<uint, VmBusChannel>> GetChannelsAsync(CancellationToken cancellationToken = default)
        => (await GetOpenChannelsAsync(cancellationToken).ConfigureAwait(false)).ToDictionary(open => open.Offer.Relid, open => open.Channel);

    internal async Task<IReadOnlyList<GuestChannel>> GetOpenChannelsAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return await _loop.RunAsync<IReadOnlyList<GuestChannel>>(() =>
        {
            RefuseWhenEnded();
            return [.. _open.Values.Where(channel => !channel.IsClosing).OrderBy(channel => channel.Offer.Relid)];
        }).ConfigureAwait(false);
    }

    /// <summary>
    /// Saves the connection, for a later restore, and ends it on this side without telling the host. Waits for
    /// pending requests and refuses new ones. For the host, open channels stay open; on this side they are closed.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait for requests: nothing is saved then, and the connection goes on.</param>
    /// <returns>The state; see docs/saved-state.md.</returns>
    /// <exception cref="InvalidOperationException">It is being saved already, or there is no connection.</exception>
    /// <exception cref="ObjectDisposedException">It is disposed, or was saved.</exception>
    public async Task<byte[]> SaveAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        TaskCompletionSource quiet = await _loop.RunAsync(BeginSave).ConfigureAwait(false);
        try
        {
            await quiet.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            ObjectDisposedException.ThrowIf(Interlocked.Exchange(ref _disposed, 1) != 0, this);
        }
        catch
        {
            _loop.Run(() =>
            {
                _isSaving = false;
                _quiet = null;
            });
            throw;
        }

        _messages?.Dispose();
        await _timer.DisposeAsync().ConfigureAwait(false);
        try
        {
            return await _loop.RunAsync(Save).ConfigureAwait(false);
        }
        finally
        {
            await LeaveAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Makes a connection that goes on where another was saved. The host does not notice.</summary>
    /// <param name="platform">What the guest has of its hypervisor, with the memory it had.</param>
    /// <param name="state">What <see cref="SaveAsync"/> gave.</param>
    /// <param name="options">How it behaves; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Looked at before.</param>
    /// <returns>The connection; <see cref="GetChannelsAsync"/> gives the channels that were open.</returns>
    /// <exception cref="SavedStateException">
    /// The state is no such state, is damaged, or does not fit the options or the guest's memory.
    /// </exception>
    internal static async Task<GuestBus> RestoreAsync(
        IGuestPlatform platform, ReadOnlyMemory<byte> state, GuestBusOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(platform);
        cancellationToken.ThrowIfCancellationRequested();
        options ??= new GuestBusOptions();
        var saved = SavedGuestBus.Read(state.Span, options);
        IGuestPages interruptPage = platform.TryAdoptPages([saved.InterruptPage]) ?? throw saved.NotThere("the interrupt page");
        var bus = new GuestBus(platform, options, saved.Protocol, interruptPage);
        try
        {
            await bus._loop.RunAsync(() => bus.Restore(saved)).ConfigureAwait(false);
            return bus;
        }
        catch
        {
            await bus.GiveUpAsync().ConfigureAwait(false);
            throw;
        }
    }

    private TaskCompletionSource BeginSave()
    {
        RefuseWhenOver();
        if (_protocol.State is GuestConnectionState.Disconnected or GuestConnectionState.Unloading)
            throw new InvalidOperationException($"There is nothing to save: the connection is {_protocol.State}.");
        _isSaving = true;
        return _quiet = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    // Nothing is under way whose end is awaited here.
    private void CheckQuiet()
    {
        if (_quiet is { } quiet && _awaited.Count + _transports.Count + _opening.Count == 0
            && !_open.Values.Any(channel => channel.IsClosing) && !_wanted.Exists(loan => loan.IsAsked && !loan.Returned.IsCompleted))
        {
            quiet.TrySetResult();
        }
    }

    private byte[] Save()
    {
        _isSaved = true;
        return SavedGuestBus.Write(_protocol.Save(), _interruptPage, _monitorPages, _open.Values, _unreleased);
    }

    private void Restore(SavedGuestBus saved)
    {
        _monitorPages = saved.MonitorPages is { Length: > 0 } frames ? _platform.TryAdoptPages(frames) ?? throw saved.NotThere("the monitor pages") : null;
        foreach (GuestOffer offer in _protocol.Offers)
        {
            if (_protocol.StateOf(offer.Relid) != GuestChannelState.Rescinded)
                _offers.Add(offer.Relid, offer);
        }

        OnConnected(new GuestEvent.Connected(_protocol.Negotiated, _protocol.MonitorPages, _protocol.AreServerMonitorPages, _protocol.MessageConnectionId));
        foreach (SavedGuestChannel channel in saved.Channels)
            Restore(saved, channel);

        // Those that were closed and not yet released when the state was saved.
        foreach (uint relid in saved.Unreleased)
        {
            if (_open.ContainsKey(relid))
                _unreleased.Add(relid);
            else if (_protocol.StateOf(relid) == GuestChannelState.Rescinded)
                _protocol.ReleaseRelid(relid);
        }

        _messages = _platform.ReceiveMessages(Receive);
        foreach (GuestChannel channel in _open.Values)
            channel.SignalBoth();
    }

    private void Restore(SavedGuestBus saved, SavedGuestChannel channel)
    {
        GuestOffer offer = _protocol.OfferOf(channel.Relid)!;
        IGuestRings rings = _platform.TryAdoptRings(channel.PageFrames, channel.DownstreamPageOffset) ?? throw saved.NotThere($"the rings of channel {channel.Relid}");
        try
        {
            GuestChannel restored = Prepare(offer, channel.OptionsFor(rings), new RingLoan(offer.Relid, channel.Gpadl, rings) { OutlivesConnection = channel.Options.IsReserved });
            _loans.Add(channel.Gpadl, restored.Loan);
            _open.Add(channel.Relid, restored);
            if (!IsOffered(offer))
                restored.OnRescinded();
        }
        catch (Exception failure)
        {
            rings.Leave();
            if (failure is RingCorruptException)
                throw saved.NotThere($"a valid ring of channel {channel.Relid}");
            throw;
        }
    }

    private async Task GiveUpAsync()
    {
        Interlocked.Exchange(ref _disposed, 1);
        _messages?.Dispose();
        await _timer.DisposeAsync().ConfigureAwait(false);
        await _loop.RunAsync(() => _isSaved = true).ConfigureAwait(false);
        await LeaveAsync().ConfigureAwait(false);
    }

    // Ends everything here, and leaves the memory taken.
    private async Task LeaveAsync()
    {
        GuestChannel[] open = await _loop.RunAsync(() =>
        {
            GuestChannel[] all = [.. _open.Values];
            _open.Clear();
            return all;
        }).ConfigureAwait(false);
        foreach (GuestChannel channel in open)
            await channel.CloseAsync(CancellationToken.None).ConfigureAwait(false);
        await _loop.RunAsync(() =>
        {
            EndLoans(isHostGone: false);
            EndPages(isHostGone: false);
        }).ConfigureAwait(false);
        await EndCommonAsync().ConfigureAwait(false);
    }
}
