// A host's state as bytes. What a device was asked and has not answered is asked again after the restore, so the state
// alone is saved and no queue of actions. What Server::save is to OpenVMM (vmbus_server channels/saved_state.rs), in a
// format of our own: docs/saved-state.md.

namespace VmBus.Protocol;

internal sealed partial class HostProtocol
{
    private const ushort NoMonitor = ushort.MaxValue;

    /// <summary>
    /// The state as bytes, for <see cref="Restore"/>. Changes nothing, and may be called in any state. Counters are not
    /// part of it, and of what devices offer only the names of the channels are.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// A message was taken and its post not completed, or a saved state is being restored.
    /// </exception>
    public byte[] Save()
    {
        if (IsRestoring || _posting is not null)
            throw new InvalidOperationException(IsRestoring ? "The host is not restored yet." : "A message was dequeued, and it is unknown whether it was posted.");
        var writer = new SavedStateWriter(SavedStateKind.HostProtocol);
        writer.Begin(SavedStateRecord.HostConnection);
        SaveConnection(writer);
        writer.Begin(SavedStateRecord.HostChannels);
        writer.UInt32((uint)_lastOffer);
        writer.Count(_channels.Count);
        foreach (HostChannel channel in _channels.Values)
            SaveChannel(writer, channel);
        writer.Begin(SavedStateRecord.HostTransports);
        writer.Count(_transportConnects.Count);
        foreach ((Guid endpoint, Guid service, Guid silo) in _transportConnects)
        {
            writer.Guid(endpoint);
            writer.Guid(service);
            writer.Guid(silo);
        }

        _outbox.Save(writer, SavedStateRecord.Outbox);
        _aside.Save(writer, SavedStateRecord.Aside);
        return writer.ToBytes();
    }

    private void SaveConnection(SavedStateWriter writer)
    {
        writer.Byte((byte)State);
        writer.Byte((byte)_sequel);
        writer.Bool(_answerUnload);
        writer.Bool(_disconnectAsked);
        writer.Bool(_modifyAsked);
        writer.Target(_target);
        writer.Count(_beforePause);
        writer.Bool(_connection is not null);
        if (_connection is { } connection)
        {
            writer.Version(connection.Version);
            writer.UInt64(connection.InterruptPage);
            writer.Guid(connection.ClientId);
            writer.Pages(connection.MonitorPages);
            writer.Bool(connection.HasServerMonitorPages);
            writer.Bool(connection.OffersRequested);
            writer.Pages(connection.NextMonitorPages);
        }

        if (_sequel == HostSequel.Contact)
        {
            // The version may be unknown: the guest is told so when its turn has come.
            writer.UInt32(_nextContact.Version.Version.Value);
            writer.UInt32((uint)_nextContact.Version.Features);
            writer.Target(_nextContact.Target);
            writer.UInt64(_nextContact.InterruptPage);
            writer.UInt64(_nextContact.ParentToChild);
            writer.UInt64(_nextContact.ChildToParent);
            writer.Guid(_nextContact.ClientId);
        }
    }

    private static void SaveChannel(SavedStateWriter writer, HostChannel channel)
    {
        // A revoked channel has no device that answers any more.
        bool isRevoked = channel.State == HostChannelState.Revoked;
        writer.UInt32((uint)channel.Id.Value);
        writer.Guid(channel.Offer.InterfaceType);
        writer.Guid(channel.Offer.InterfaceInstance);
        writer.UInt16(channel.Offer.SubchannelIndex);
        writer.Byte((byte)channel.State);
        writer.UInt32(channel.Relid);
        writer.UInt16((ushort?)channel.MonitorId ?? NoMonitor);
        writer.UInt32(channel.Relid == 0 ? 0 : channel.ConnectionId);
        SaveRequest(writer, isRevoked ? null : channel.Request);
        SaveRequest(writer, isRevoked ? null : channel.Reopen);
        SaveModifying(writer, isRevoked ? null : channel);
        writer.Optional(isRevoked ? null : channel.NextTargetVp);
        writer.Count(channel.Gpadls.Count);
        foreach (HostGpadl gpadl in channel.Gpadls.Values)
        {
            writer.UInt32(gpadl.Handle);
            writer.Byte((byte)gpadl.State);
            gpadl.Assembly.Save(writer);
        }
    }

    private static void SaveRequest(SavedStateWriter writer, HostOpenRequest? request)
    {
        writer.Bool(request is not null);
        if (request is null)
            return;
        writer.UInt32(request.Relid);
        writer.UInt32(request.OpenId);
        writer.UInt32(request.Gpadl);
        writer.Optional(request.TargetVp);
        writer.UInt32(request.DownstreamPageOffset);
        writer.Bytes(request.UserData.Span);
        writer.UInt32(request.ConnectionId);
        writer.UInt16(request.EventFlag);
        writer.Bool(request.RedirectInterrupt);
        writer.UInt16((ushort?)request.MonitorId ?? NoMonitor);
        writer.Bool(request.IsReserved);
        if (request.ReservedTarget is { } target)
            writer.Target(target);
    }

    // Of an open that has ended, nothing but the VP is looked at any more.
    private static void SaveModifying(SavedStateWriter writer, HostChannel? channel)
    {
        SavedModify kind = channel?.Modifying is not { } modifying ? SavedModify.None
            : ReferenceEquals(modifying, channel.Request) ? SavedModify.Current
            : SavedModify.Former;
        writer.Byte((byte)kind);
        if (kind == SavedModify.Former)
            writer.UInt32(channel!.Modifying!.TargetVp ?? 0);
    }

    // Whose target VP a device is changing.
    private enum SavedModify
    {
        None,
        Current,
        Former,
    }
}
