// Pauses, and the move of the monitor pages: what changes the connection as a whole.

using VmBus.Protocol;

namespace VmBus.Guests;

partial class GuestBus
{
    private IGuestPages? _moving;       // the loop's: monitor pages that the host was asked to go over to
    private bool _isPauseUnwanted;

    /// <summary>
    /// Makes the host send no interrupts and no messages until <see cref="ResumeAsync"/>: from 6.0 on, where negotiated.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait. A pause that comes about after that is ended at once.</param>
    /// <exception cref="InvalidOperationException">The feature was not negotiated.</exception>
    /// <exception cref="GuestBusException">The host did not answer.</exception>
    public async Task PauseAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Task<RequestResult> asked = await _loop.RunAsync(() => Ask(Awaited.Pause, 0, _protocol.Pause)).ConfigureAwait(false);
        try
        {
            Check(await asked.WaitAsync(cancellationToken).ConfigureAwait(false), "pause");
        }
        catch (OperationCanceledException)
        {
            await _loop.RunAsync(UndoPause).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Ends a pause.</summary>
    /// <param name="cancellationToken">Looked at before the pause is ended.</param>
    /// <exception cref="InvalidOperationException">The connection is not paused.</exception>
    public async Task ResumeAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await _loop.RunAsync(() =>
        {
            RefuseWhenOver();
            _protocol.Resume();
        }).ConfigureAwait(false);
    }

    /// <summary>Allocates new monitor pages and makes the host use them: from 6.0 on, where negotiated.</summary>
    /// <param name="cancellationToken">Ends the wait. Both pairs of pages stay taken until the host has answered.</param>
    /// <exception cref="InvalidOperationException">
    /// The feature was not negotiated, the pages are the host's, or a channel is open: a sender might still set a bit in
    /// the old page when the host no longer looks at it.
    /// </exception>
    /// <exception cref="GuestBusException">The host did not.</exception>
    public async Task MoveMonitorPagesAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        IGuestPages pages = _platform.AllocatePages(2);
        Task<RequestResult> asked;
        try
        {
            asked = await _loop.RunAsync(() => Ask(Awaited.Monitors, 0, () => BeginMove(pages))).ConfigureAwait(false);
        }
        catch
        {
            pages.Dispose();
            throw;
        }

        Check(await asked.WaitAsync(cancellationToken).ConfigureAwait(false), "move the monitor pages");
    }

    private void BeginMove(IGuestPages pages)
    {
        if (_open.Count + _opening.Count > 0 || _moving is not null || _connection!.AreServerPages || _monitorPages is null)
            throw new InvalidOperationException($"Monitor pages move only while no channel is open ({_open.Count} are) and the guest has pages of its own.");
        _protocol.ModifyConnection(AddressOf(pages, 0), AddressOf(pages, 1));
        _moving = pages;
    }

    // In time or late. Of a host that has not answered, it is not known which pages it looks at.
    private void OnConnectionModified(GuestEvent.ConnectionModified modified)
    {
        RequestResult result = modified.State == ConnectionState.Successful
            ? modified.Result : modified.Result with { Status = ChannelMessageStatus.Unsuccessful };
        if (_moving is { } next && result.Outcome is RequestOutcome.Completed or RequestOutcome.NotPosted)
        {
            _moving = null;
            if (result.IsSuccess)
                (_monitorPages, next) = (next, _monitorPages!);
            next.Dispose();
        }

        End(Awaited.Monitors, 0, result);
    }

    private void UndoPause()
    {
        if (_protocol.State == GuestConnectionState.Paused)
            _protocol.Resume();
        else
            _isPauseUnwanted = _protocol.State == GuestConnectionState.Pausing;
    }

    private void OnPaused(RequestResult result)
    {
        bool isUnwanted = _isPauseUnwanted || _isEnding;
        _isPauseUnwanted = false;
        if (isUnwanted && _protocol.State == GuestConnectionState.Paused)
            _protocol.Resume();
        End(Awaited.Pause, 0, result);
    }
}
