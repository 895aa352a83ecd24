// A guest's state as bytes; the format is in docs/saved-state.md.

namespace VmBus.Protocol;

internal sealed partial class GuestProtocol
{
    /// <summary>
    /// The state as bytes, for <see cref="Restore"/>. Changes nothing, and may be called in any state. Requests that wait
    /// for their answers are part of it, with how long they have waited; counters are not.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// A message was taken and its post not completed, or events were not processed.
    /// </exception>
    public byte[] Save()
    {
        if (_posting is not null || _events.Count > 0)
            throw new InvalidOperationException(_events.Count > 0 ? $"{_events.Count} events were not processed." : "A message was dequeued, and it is unknown whether it was posted.");
        var writer = new SavedStateWriter(SavedStateKind.GuestProtocol);
        writer.Begin(SavedStateRecord.GuestConnection);
        SaveConnection(writer);
        writer.Begin(SavedStateRecord.GuestChannels);
        writer.Count(_channels.Count);
        foreach (KnownChannel channel in _channels.Values)
            SaveChannel(writer, channel);
        foreach (KnownChannel channel in _channels.Values)
        {
            writer.Count(channel.Subchannels.Count);
            foreach (KnownChannel subchannel in channel.Subchannels)
                writer.UInt32(subchannel.Relid);
        }

        writer.Begin(SavedStateRecord.GuestRequests);
        writer.Count(_requests.Count);
        foreach (GuestRequest request in _requests)
        {
            writer.Byte((byte)request.Kind);
            writer.UInt32(request.Id);
            writer.Time(_clock.GetElapsedTime(request.StartedAt));
            if (request.Kind != RequestKind.ConnectTransport)
                continue;
            writer.Guid(request.Transport.Endpoint);
            writer.Guid(request.Transport.Service);
        }

        _outbox.Save(writer, SavedStateRecord.Outbox);
        writer.Begin(SavedStateRecord.Held);
        writer.Count(_held.Count);
        foreach (byte[] message in _held)
            writer.Bytes(message);
        return writer.ToBytes();
    }

    private void SaveConnection(SavedStateWriter writer)
    {
        writer.Byte((byte)State);
        writer.Version(Negotiated);
        writer.UInt32(_proposed < _versions.Length ? _versions[_proposed].Value : 0);
        writer.UInt64(_pages.InterruptPage);
        writer.Pages(_pages.MonitorPages);
        writer.Pages(MonitorPages);
        writer.Bool(AreServerMonitorPages);
        writer.Bool(_isModifyConnectionOwed);
        writer.Pages(_wantedMonitorPages);
        writer.Byte((byte)_connectionState);
        writer.Bool(_isRedirected);
        writer.Bool(_isContactOwed);
        writer.Bool(_isUnloadOwed);
        writer.Bool(_isUnloadAnswered);
        writer.Bool(_isPauseOwed);
        writer.Bool(_areOffersRequested);
        writer.Bool(_areOffersDelivered);
        writer.UInt32(_messageConnection);
        writer.UInt32(_nextGpadl);
        writer.UInt32(_lastTransport);
        writer.Time(State is GuestConnectionState.Pausing or GuestConnectionState.Paused ? _clock.GetElapsedTime(_pausedAt) : TimeSpan.Zero);
    }

    private static void SaveChannel(SavedStateWriter writer, KnownChannel channel)
    {
        writer.Bytes(channel.Offer.Message.Span);
        writer.UInt32(channel.Offer.PrimaryRelid);
        writer.UInt32(channel.Offer.ConnectionId);
        writer.Bool(channel.Offer.HasDedicatedInterrupt);
        writer.Byte((byte)channel.State);
        writer.Bool(channel.IsReserved);
        writer.UInt32(channel.ReservedTarget.Vp);
        writer.UInt32(channel.ReservedTarget.Sint);
        writer.Bool(channel.InterruptsDisabled);
        writer.Bool(channel.OwesModify);
        writer.Optional(channel.RingGpadl);
        writer.Count(channel.Gpadls.Count);
        foreach (GuestGpadl gpadl in channel.Gpadls.Values)
        {
            writer.UInt32(gpadl.Handle);
            writer.Byte((byte)gpadl.State);
        }
    }
}
