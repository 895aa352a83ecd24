// A host bus that is saved, and one that goes on from there. The format is in docs/saved-state.md.

using VmBus.Protocol;

namespace VmBus.Hosting;

partial class HostBus
{
    private volatile bool _isSaving;
    private bool _isRestoring;      // the loop's: until CompleteRestoreAsync, also where a reset has ended what the protocol restores

    /// <summary>
    /// Saves the bus, for <see cref="Restore(IGuestPartition, ReadOnlySpan{byte}, HostBusOptions)"/>: services end as at a
    /// close, and the guest's channels stay open. After that it can only be disposed; until then the guest is asked to send its
    /// messages again.
    /// </summary>
    /// <returns>
    /// The state; see docs/saved-state.md. Completes when every service has ended, or has lost its channel. A service must not
    /// wait for it.
    /// </returns>
    /// <exception cref="InvalidOperationException">It is already saved, or not restored yet.</exception>
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    /// <exception cref="BusFaultException">The bus has failed.</exception>
    public async Task<byte[]> SaveAsync()
    {
        ObjectDisposedException.ThrowIf(_stopped, this);
        lock (_inbox)
        {
            if (_isHeld)
                throw new InvalidOperationException(_isSaving ? "The bus is already saved." : "The bus is not restored yet.");
            _isHeld = true;
        }

        Task[] services = await _loop.RunAsync(EndServices).ConfigureAwait(false);
        await Task.WhenAll(services).ConfigureAwait(false);
        return await _loop.RunAsync(Save).ConfigureAwait(false);
    }

    /// <summary>
    /// Makes a bus that goes on where another was saved. Its devices are then offered again, in any order and with others
    /// among them; a channel that is open is served again as soon as it is offered. <see cref="CompleteRestoreAsync"/> ends it.
    /// </summary>
    /// <param name="partition">The guest, with the memory it had.</param>
    /// <param name="state">What <see cref="SaveAsync"/> gave.</param>
    /// <param name="options">How the bus behaves; <see langword="null"/> for the defaults.</param>
    /// <exception cref="SavedStateException">The state is no such state, is damaged, or does not fit the options.</exception>
    /// <exception cref="InvalidOperationException">The guest has a host bus already.</exception>
    internal static HostBus Restore(IGuestPartition partition, ReadOnlySpan<byte> state, HostBusOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(partition);
        var reader = new SavedStateReader(state, SavedStateKind.HostBus);
        reader.Enter(SavedStateRecord.Protocol);
        byte[] protocolState = reader.Bytes().ToArray();
        reader.Enter(SavedStateRecord.Inbox);
        var inbox = new byte[reader.Count(sizeof(uint))][];
        reader.CheckFit(inbox.Length <= InboxLimit, $"{inbox.Length} messages are queued, but there is room for {InboxLimit}");
        for (int message = 0; message < inbox.Length; message++)
        {
            inbox[message] = reader.Bytes().ToArray();
            reader.Check(inbox[message].Length <= ChannelMessages.MaxLength, $"a message has {inbox[message].Length} bytes");
        }

        reader.End();
        var bus = new HostBus(partition, options ?? new HostBusOptions(), (protocol, clock) => HostProtocol.Restore(protocol, clock, protocolState));
        foreach (byte[] message in inbox)
            bus._inbox.Enqueue(message);
        bus._loop.Run(static () => { });
        return bus;
    }

    /// <summary>
    /// Ends a restore: what was not offered again is taken back, with the subchannels of a primary channel among it, and the guest
    /// is heard again.
    /// </summary>
    /// <exception cref="InvalidOperationException">Nothing is being restored.</exception>
    public async Task CompleteRestoreAsync()
    {
        while (await _loop.RunAsync(TryCompleteRestore).ConfigureAwait(false) is { Length: > 0 } leaving)
            await Task.WhenAll(leaving).ConfigureAwait(false);
    }

    // Answers with what must end before: the devices of subchannels end before their primary is taken back.
    private Task[] TryCompleteRestore()
    {
        // A reset may have ended the restore in the protocol; the guest is to be heard all the same.
        if (!_isRestoring || _protocol.IsRestoring)
        {
            OfferLink[] orphans = [.. _protocol.Orphans.Select(orphan => _links[orphan])];
            foreach (OfferLink orphan in orphans)
                BeginRevoke(orphan);
            if (orphans.Length > 0)
                return [.. orphans.Select(orphan => orphan.Revoked)];
            _protocol.CompleteRestore();
        }

        _isRestoring = false;
        lock (_inbox)
            _isHeld = false;
        return [];
    }

    private Task[] EndServices()
    {
        ObjectDisposedException.ThrowIf(_stopped, this);
        _isSaving = true;
        DropTransports();
        var open = new List<OpenedChannel>();
        foreach (OfferLink link in _links.Values)
        {
            // Its device is asked again after the restore.
            DropOpening(link);
            if (link.Opened is not { } opened)
                continue;
            open.Add(opened);
            // One that the guest has closed, or that is taken back, is not open after the restore either.
            link.IsSaved = !opened.IsClosing;
            BeginClose(link, opened);
            if (opened.Service.IsCompleted)
                Leave(link, opened);
        }
        return [.. open.Select(channel => channel.Left)];
    }

    private byte[] Save()
    {
        foreach (OfferLink link in _links.Values)
        {
            // It is not offered again, and then it is taken back.
            if (link.IsRevoked)
                link.SetRevoked();
        }

        _pages?.Dispose();
        _pages = null;
        _idle?.TrySetException(new ObjectDisposedException(nameof(HostBus), "The bus was saved before the reset was done; it continues after the restore."));
        var writer = new SavedStateWriter(SavedStateKind.HostBus);
        writer.Begin(SavedStateRecord.Protocol);
        writer.Bytes(_protocol.Save());
        writer.Begin(SavedStateRecord.Inbox);
        writer.Count(_inbox.Count);
        foreach (byte[] message in _inbox)
            writer.Bytes(message);
        return writer.ToBytes();
    }

    // A guest whose pages are not there is another one.
    private void RestoreConnection(HostConnectRequest request)
    {
        if (!TryConnect(request))
            ForgetGuest();
    }

    private void Restore(OfferLink link, HostAction.Restored restored)
    {
        if (restored.Relid != 0)
            link.SetOffered(restored.Relid, restored.MonitorId);
        foreach ((uint gpadl, var ranges) in restored.Gpadls)
            link.Gpadls[gpadl] = ranges;
        if (restored.OpenedBy is not { } request)
            return;
        OpenedChannel? opened = null;
        if (!Try(() => opened = OpenChannel(link, request), DeviceOperation.Open, link))
        {
            BeginRevoke(link);
            return;
        }

        Serve(link, opened!, isRestored: true);
        opened!.SignalBoth();
    }
}
