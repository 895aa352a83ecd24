using VmBus.Protocol;

namespace VmBus.Core.Tests.Protocol.Both;

internal sealed partial class Play
{
    /// <summary>
    /// From here on pipes and devices are willing. First everything is answered, and both must agree; then the guest gives
    /// back what it has and leaves, and then it is reset: nothing may be left.
    /// </summary>
    private void Finish()
    {
        _log?.Invoke("From here on everything goes well.");
        _isSmooth = true;
        var dice = new Dice(1);
        Settle(ref dice);
        Connect(ref dice);
        if (_guest.State == GuestConnectionState.Connected)
        {
            Agree();
            _user.AskForWhatWasOwed();
            Settle(ref dice);
            Connect(ref dice);
            Agree();
            while (_user.TidyUp())
                Settle(ref dice);
            Agree();
            LawException.Unless(_user.HasLost || _guest.GpadlCount == 0, $"{_guest.GpadlCount} GPADLs are left.");
            _user.Unload();
            Settle(ref dice);
            LawException.Unless(_guest is { State: GuestConnectionState.Disconnected, GpadlCount: 0, OfferCount: 0, WaitingPosts: 0, EventCount: 0 }, $"The guest, {_guest.State}, has left and keeps something.");
            if (!_user.HasLost)
                LawException.Unless(_host.State == HostState.Disconnected, $"The guest has left, and the host is {_host.State}.");
            LawException.Unless(_user.HasLost || _host.RelidsInUse == CountOrphans(), $"The guest has left, and has {_host.RelidsInUse} relids.");
        }

        _host.Reset();
        _toHost.Clear();
        Settle(ref dice);
        NothingIsLeft();
    }

    private void NothingIsLeft()
    {
        LawException.Unless(_host.State == HostState.Disconnected, $"After a reset the host is {_host.State}.");
        LawException.Unless(
            (_host.RelidsInUse, _host.MonitorIdsInUse, _host.GpadlCount, _host.GpadlPages, _host.WaitingMessages, _host.WaitingAnswers, _devices.Unanswered) == default,
            $"After a reset there are {_host.RelidsInUse} relids, {_host.MonitorIdsInUse} monitors, {_host.GpadlCount} GPADLs of {_host.GpadlPages} pages, {_host.WaitingMessages} messages.");
        LawException.Unless(_devices.Devices.All(device => device.Open is null && device.Gpadls.Count == 0), "After a reset a device has something.");
        LawException.Unless(_guest.WaitingPosts + _guest.PendingRequests + _guest.EventCount == 0, "The guest still waits for something.");
    }

    private void Connect(ref Dice dice)
    {
        for (int tries = 0; tries < 3 && _guest.State != GuestConnectionState.Connected; tries++)
        {
            if (_guest.State == GuestConnectionState.Paused)
                _user.Resume();
            else
                _user.Connect(ref dice);
            Settle(ref dice);
        }
    }

    // Until nothing moves and nobody waits. A silence means something only where the protocol has no answer.
    private void Settle(ref Dice dice)
    {
        for (int rounds = 0; ; rounds++)
        {
            LawException.Unless(rounds < 2000, "It goes on for ever.");
            Observe();
            bool moved = PostToHost(ref dice) | PostToGuest(ref dice) | DeliverToHost() | DeliverToGuest(false) | DeliverToGuest(true) | _devices.Unanswered > 0;
            _devices.Answer(ref dice, well: true);
            if (moved)
                continue;
            TimeSpan? due = Sooner(_guest.WaitingPosts > 0 && _guest.State != GuestConnectionState.Paused ? _guest.UntilDue : null, _host.UntilDue);
            if (due is { } wait)
            {
                _clock.Advance(wait + TimeSpan.FromTicks(1));
                _guest.Elapse();
            }
            else if (_guest.PendingRequests > 0 && _guest.State != GuestConnectionState.Paused)
            {
                LawException.Unless(_user.HasLost || _user.Pending.All(IsAnsweredBySilence), $"Nothing moves, and the guest, {_guest.State}, waits for {string.Join(", ", _user.Pending)}.");
                Pass(PlaySetup.Patience);
            }
            else
            {
                return;
            }
        }
    }

    private bool IsAnsweredBySilence((ModelGuest.Ask Ask, uint Id) pending) => pending.Ask switch
    {
        ModelGuest.Ask.Transport => true,
        ModelGuest.Ask.Connect or ModelGuest.Ask.Unload => _mayUseFirstVersion,
        _ => false,
    };

    private void Agree()
    {
        if (_user.HasLost || _guest.State != GuestConnectionState.Connected)
            return;
        _user.KnowsWhatBecameOfEverything();
        LawException.Unless(_host.State == HostState.Connected && _host.Negotiated == _guest.Negotiated, $"The guest is connected, and the host {_host.State}.");
        LawException.Unless(_host.WaitingMessages + _guest.WaitingPosts + _guest.PendingRequests == 0, "Something waits though all is done.");
        foreach ((uint relid, ModelHost.Known known) in _devices.KnownToGuest)
        {
            if (_user.ChannelOf(relid) is { } channel)
                Agree(channel, known);
            else
                LawException.Unless(IsOrphan(relid), $"Channel {relid} is known to the host only.");
        }

        foreach (ModelGuest.Channel channel in _user.Channels)
            LawException.Unless(_devices.KnownToGuest.ContainsKey(channel.Relid), $"Channel {channel.Relid} is known to the guest only.");
        foreach (ModelHost.Device device in _devices.Devices)
            LawException.Unless(_devices.KnownToGuest.Values.Any(known => known.Offer == device.Id) || MayBeUnknown(device), $"{device.Id} was never offered to the guest.");
        if (CountOrphans() > 0 || _mayLackBodies)
            return;
        LawException.Unless(_host.GpadlCount == _guest.GpadlCount, $"The guest has {_guest.GpadlCount} GPADLs, and the host of it {_host.GpadlCount}.");
        long pages = _user.Channels.Sum(channel => channel.Gpadls.Sum(gpadl => (long)gpadl.Pages));
        LawException.Unless(_host.GpadlPages == pages, $"The guest's GPADLs have {pages} pages, and the host knows of {_host.GpadlPages}.");
    }

    private void Agree(ModelGuest.Channel channel, ModelHost.Known known)
    {
        uint relid = channel.Relid;
        GuestChannelState? state = _guest.StateOf(relid);
        ModelHost.Device? device = _devices.DeviceOf(relid);
        LawException.Unless(channel.Offer.MonitorId == known.Monitor && channel.Offer.ConnectionId == known.Connection, $"Channel {relid} has another monitor or connection here than there.");
        LawException.Unless(channel.IsRescinded == (device is null) && channel.IsRescinded == (state == GuestChannelState.Rescinded), $"Channel {relid} is {state}, and its device {(device is null ? "gone" : "there")}.");
        if (device is null)
            return;
        bool isOpen = channel.Phase == ModelGuest.Phase.Open;
        LawException.Unless(isOpen == (state == GuestChannelState.Open) && isOpen == device.Open is not null, $"Channel {relid} is {channel.Phase}, {state} to the guest, and its device {(device.Open is null ? "closed" : "open")}.");
        LawException.Unless(!isOpen || (device.Open!.IsReserved == channel.IsReserved && device.Open.Gpadl == channel.Ring), $"Channel {relid} is open in another way here than there.");
        LawException.Unless(device.Gpadls.Keys.Order().SequenceEqual(_guest.GpadlsOf(relid).Order()), $"Channel {relid} has GPADLs {string.Join(' ', device.Gpadls.Keys)} here and {string.Join(' ', _guest.GpadlsOf(relid))} there.");
        LawException.Unless(device.Gpadls.Keys.Order().SequenceEqual(channel.Gpadls.Select(gpadl => gpadl.Handle).Order()), $"Channel {relid} has other GPADLs than its driver thinks.");
    }

    // Behind a channel of the same name that was revoked and not released; and where the guest gave the channel back.
    private bool MayBeUnknown(ModelHost.Device device) =>
        !_user.AskedForOffers || _user.GaveUp.Contains((device.Offer.InterfaceInstance, device.Offer.SubchannelIndex))
        || _user.Channels.Any(channel => channel.IsRescinded && channel.Offer.InterfaceInstance == device.Offer.InterfaceInstance && channel.Offer.SubchannelIndex == device.Offer.SubchannelIndex)
        || CountOrphans() > 0;

    private bool IsOrphan(uint relid) => (_orphans.Contains(relid) || _user.Orphans.Contains(relid)) && _user.ChannelOf(relid) is null;

    private int CountOrphans() => _devices.KnownToGuest.Keys.Count(IsOrphan);

    private static TimeSpan? Sooner(TimeSpan? left, TimeSpan? right) => left is null || right is null ? left ?? right : left < right ? left : right;
}
