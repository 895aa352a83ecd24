// Times without messages. Facts: Pause and Resume of OpenVMM (vmbus_client, vmbus_server); a host that is paused takes
// nothing but a resume, and keeps what it has to say.

using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class GuestProtocol
{
    private long _pausedAt;
    private bool _isPauseOwed;

    // A host that still owes the answer to the pause, because that timed out and the resume behind it could not be posted,
    // may speak until then.
    private bool IsHostSilent => State == GuestConnectionState.Paused && !_isPauseOwed;

    /// <summary>
    /// Asks the host to send no more messages. Ends in <see cref="GuestEvent.Paused"/>. Until <see cref="Resume"/>, requests
    /// are taken and their messages held back, and no deadline but the pause's own draws nearer.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The connection is not <see cref="GuestConnectionState.Connected"/>, has not negotiated
    /// <see cref="FeatureFlags.PauseResume"/>, or an earlier pause has no answer yet.
    /// </exception>
    public void Pause()
    {
        RequireFeature(FeatureFlags.PauseResume, "pausing");
        if (State != GuestConnectionState.Connected || _isPauseOwed)
            throw new InvalidOperationException(_isPauseOwed ? "The host has not yet answered an earlier pause." : $"A connection that is {State} cannot be paused.");
        PostNow(ChannelMessages.ToBytes(ChannelMessageType.Pause));
        State = GuestConnectionState.Pausing;
        _pausedAt = _clock.GetTimestamp();
        Start(RequestKind.Pause);
    }

    /// <summary>Ends a pause: the host may send messages again, and gets those that were held back.</summary>
    /// <exception cref="InvalidOperationException">The connection is not <see cref="GuestConnectionState.Paused"/>.</exception>
    public void Resume()
    {
        if (State != GuestConnectionState.Paused)
            throw new InvalidOperationException($"A connection that is {State} cannot be resumed.");
        GoOn(tellHost: true);
    }

    private void GoOn(bool tellHost)
    {
        State = GuestConnectionState.Connected;
        Postpone(_pausedAt);
        if (tellHost)
            PostNow(ChannelMessages.ToBytes(ChannelMessageType.Resume));
        PostHeld();
    }

    private MessageFault TakePauseResponse()
    {
        if (State == GuestConnectionState.Pausing && !IsUnposted(ChannelMessageType.Pause))
        {
            State = GuestConnectionState.Paused;
            Finish(RequestKind.Pause, 0, RequestResult.Success);
            return MessageFault.None;
        }
        if (!_isPauseOwed)
            return MessageFault.WrongState;
        _isPauseOwed = false;
        return TakeLate();
    }

    // The host may be paused by the time it is told to go on, or never have been: both is fine with it.
    private void EndPause(RequestOutcome outcome)
    {
        Forget(RequestKind.Pause);
        _isPauseOwed = outcome == RequestOutcome.TimedOut;
        GoOn(tellHost: _isPauseOwed);
        Emit(new GuestEvent.Paused(new RequestResult(outcome)));
    }

    private void PauseNotPosted()
    {
        if (State == GuestConnectionState.Pausing)
        {
            EndPause(RequestOutcome.NotPosted);
            return;
        }

        // It timed out before it was given up. The host is not paused, so there is nothing to resume.
        _isPauseOwed = false;
        _outbox.RemoveAll(message => message.Type == ChannelMessageType.Resume);
    }

    // The host is still paused, and so is the connection; a further pause has what it wants.
    private void ResumeNotPosted(HypercallStatus status)
    {
        if (State is not (GuestConnectionState.Connected or GuestConnectionState.Pausing))
            return;
        bool isPausing = State == GuestConnectionState.Pausing;
        // A pause that waits behind it is void, and so is the resume behind that.
        if (_outbox.Waiting.Any(message => message.Type == ChannelMessageType.Pause))
            _isPauseOwed = false;
        byte[][] held =
        [
            .. _outbox.Waiting.Where(message => message.Type is not (ChannelMessageType.Pause or ChannelMessageType.Resume)).Select(message => message.Bytes.ToArray()),
            .. _held,
        ];
        DropPosts();
        foreach (byte[] message in held)
            _held.Enqueue(message);
        State = GuestConnectionState.Paused;
        if (!isPausing)
            _pausedAt = _clock.GetTimestamp();
        Emit(new GuestEvent.NotPosted(ChannelMessageType.Resume, 0, status));
        if (isPausing)
            Finish(RequestKind.Pause, 0, RequestResult.Success);
    }
}
