// One channel out of a saved state. Everything that the rest of the host takes for granted about a channel is checked
// here, for the bytes may come from anywhere.

using VmBus.Layout;

namespace VmBus.Protocol;

internal sealed partial class HostProtocol
{
    private HostChannel RestoreChannel(ref SavedStateReader reader, int lastId)
    {
        uint id = reader.UInt32();
        reader.Check(id > lastId && id <= _lastOffer, $"offer {id} follows {lastId} of {_lastOffer}");
        var offer = new HostOffer(reader.Guid(), reader.Guid()) { SubchannelIndex = reader.UInt16() };
        var channel = new HostChannel(new OfferId((int)id), offer) { State = reader.Enum(HostChannelState.ClosingReleased) };
        bool isRevoked = channel.State == HostChannelState.Revoked;
        reader.Check(!(isRevoked ? _revoked : _living).ContainsKey(channel.Key), $"offer {id} has the same name as another");
        if (isRevoked)
            _revoked.Add(channel.Key, channel);
        else
            AddLiving(channel);
        _channels.Add((int)id, channel);
        if (!isRevoked)
            _unclaimed!.Add((int)id);

        uint relid = reader.UInt32();
        bool needsRelid = channel.State is not (HostChannelState.Unoffered or HostChannelState.OpeningReleased or HostChannelState.ClosingReleased);
        reader.Check(needsRelid == (relid != 0), $"offer {id} is {channel.State} and has relid {relid}");
        reader.CheckFit(relid == 0 || _relids.TryRestore(channel, relid), $"relid {relid} belongs to another channel, or is outside this host's range");
        RestoreMonitor(ref reader, channel);
        channel.ConnectionId = reader.UInt32();
        channel.Request = RestoreRequest(ref reader);
        channel.Reopen = RestoreRequest(ref reader);
        RestoreModifying(ref reader, channel);
        RestoreGpadls(ref reader, channel);
        CheckRequests(ref reader, channel);
        reader.Check(relid == 0 || channel.IsReserved || Negotiated.IsNegotiated, $"a guest that is not connected knows channel {relid}");
        CheckVersion(ref reader, channel, channel.Request);
        CheckVersion(ref reader, channel, channel.Reopen);
        return channel;
    }

    // Of this connection are the opens of channels that the guest knows, but for reserved ones.
    private void CheckVersion(ref SavedStateReader reader, HostChannel channel, HostOpenRequest? request)
    {
        if (channel.Relid == 0 || request is null)
            return;
        bool choosesSignals = request.ConnectionId != channel.ConnectionId || request.EventFlag != channel.Relid;
        if (request.IsReserved)
        {
            reader.Check(!choosesSignals && !request.RedirectInterrupt && request.UserData.IsEmpty, $"reserved channel {channel.Relid} is open like a channel that is not reserved");
            return;
        }

        reader.Allow(SavedStateRule.ChosenSignals, choosesSignals, Negotiated);
        reader.Allow(SavedStateRule.RedirectedInterrupt, request.RedirectInterrupt, Negotiated);
        reader.Allow(SavedStateRule.TargetVp, request.TargetVp != 0, Negotiated);
        reader.Allow(SavedStateRule.ModifyChannel, ReferenceEquals(channel.Modifying, request) || channel.NextTargetVp is not null, Negotiated);
    }

    private void RestoreMonitor(ref SavedStateReader reader, HostChannel channel)
    {
        ushort monitor = reader.UInt16();
        if (monitor == NoMonitor)
            return;
        reader.Check(channel.Relid != 0, $"offer {channel.Id.Value} has a monitor and no relid");
        reader.CheckFit(monitor < _monitors.Length, $"monitor {monitor} is not among {_monitors.Length}");
        reader.Check(_monitors[monitor] is null, $"monitor {monitor} is another channel's");
        _monitors[monitor] = channel;
        channel.MonitorId = monitor;
        MonitorIdsInUse++;
    }

    private HostOpenRequest? RestoreRequest(ref SavedStateReader reader)
    {
        if (!reader.Bool())
            return null;
        uint relid = reader.UInt32(), openId = reader.UInt32(), gpadl = reader.UInt32();
        uint? targetVp = reader.Optional();
        reader.CheckFit(targetVp is null || targetVp < _options.VpCount, $"a channel interrupts VP {targetVp} of {_options.VpCount}");
        uint downstream = reader.UInt32();
        byte[] userData = reader.Bytes().ToArray();
        reader.Check(userData.Length is 0 or UserDefinedData.Size, $"an open request has {userData.Length} bytes of user data");
        uint connectionId = reader.UInt32();
        ushort eventFlag = reader.UInt16();
        reader.Check(eventFlag is not 0 and <= HostProtocolOptions.ChannelLimit, $"a channel has event flag {eventFlag}");
        bool isRedirected = reader.Bool();
        ushort monitor = reader.UInt16();
        reader.Check(monitor is NoMonitor or < HostProtocolOptions.MonitorLimit, $"an open channel has monitor {monitor}");
        MessageTarget? reserved = reader.Bool() ? RestoreTarget(ref reader) : null;
        reader.Check(reserved is null || (targetVp is null && monitor == NoMonitor), "a reserved channel has interrupts, or a monitor");
        return new HostOpenRequest(
            relid, openId, gpadl, targetVp, downstream, userData, connectionId, eventFlag, isRedirected, monitor == NoMonitor ? null : monitor, reserved);
    }

    private void RestoreModifying(ref SavedStateReader reader, HostChannel channel)
    {
        SavedModify kind = reader.Enum(SavedModify.Former);
        bool hasVp = channel.Request?.TargetVp is not null;
        if (kind == SavedModify.Current)
        {
            reader.Check(hasVp, $"offer {channel.Id.Value} changes a VP it does not have");
            channel.Modifying = channel.Request;
        }
        else if (kind == SavedModify.Former)
        {
            channel.Modifying = new HostOpenRequest(0, 0, 0, reader.UInt32(), 0, default, 0, 0, false, null, null);
        }

        channel.NextTargetVp = reader.Optional();
        reader.Check(channel.NextTargetVp is null || (kind != SavedModify.None && hasVp && channel.State == HostChannelState.Open), $"offer {channel.Id.Value} changes its VP after no change");
        reader.CheckFit(channel.NextTargetVp is null || channel.NextTargetVp < _options.VpCount, $"a channel would interrupt VP {channel.NextTargetVp} of {_options.VpCount}");
    }

    private void RestoreGpadls(ref SavedStateReader reader, HostChannel channel)
    {
        int gpadls = reader.Count(13);
        reader.CheckFit(gpadls <= _options.MaxGpadls - GpadlCount, $"more than {_options.MaxGpadls} GPADLs");
        for (; gpadls > 0; gpadls--)
        {
            uint handle = reader.UInt32();
            HostGpadlState state = reader.Enum(HostGpadlState.TearingDown);
            var gpadl = new HostGpadl(handle, GpadlAssembly.Restore(ref reader, _options.MaxGpadlPages - GpadlPages)) { State = state };
            reader.Check(channel.Gpadls.TryAdd(handle, gpadl), $"GPADL 0x{handle:x} occurs twice");
            GpadlCount++;
            GpadlPages += gpadl.Assembly.PageCount;
            bool isAssembling = state == HostGpadlState.Assembling;
            reader.Check(isAssembling != gpadl.Assembly.IsComplete, $"GPADL 0x{handle:x} is {state}, which contradicts its number of pages");
            reader.Check(!isAssembling || _assembling.TryAdd(handle, channel), $"GPADL 0x{handle:x} is received twice");
            reader.Check(isAssembling || gpadl.Assembly.Decode(out _) == MessageFault.None, $"GPADL 0x{handle:x} has invalid ranges");
            CheckGpadl(ref reader, channel, gpadl);
        }
    }

    private static void CheckGpadl(ref SavedStateReader reader, HostChannel channel, HostGpadl gpadl)
    {
        bool possible = gpadl.State switch
        {
            HostGpadlState.Assembling or HostGpadlState.Accepted => channel.Relid != 0,
            HostGpadlState.Offered => channel.Relid != 0 && channel.State != HostChannelState.Revoked,
            HostGpadlState.TeardownHeld => channel.Request?.Gpadl == gpadl.Handle || channel.Reopen?.Gpadl == gpadl.Handle,
            _ => channel.State != HostChannelState.Revoked,
        };
        reader.Check(possible, $"GPADL 0x{gpadl.Handle:x} is {gpadl.State} and its channel {channel.State}");
    }

    private static void CheckRequests(ref SavedStateReader reader, HostChannel channel)
    {
        bool isIdle = channel.State is HostChannelState.Unoffered or HostChannelState.Closed or HostChannelState.Revoked;
        reader.Check(isIdle == channel.Request is null, $"offer {channel.Id.Value} is {channel.State} which contradicts its open request");
        reader.Check((channel.State == HostChannelState.ClosingReopen) == channel.Reopen is not null, $"offer {channel.Id.Value} is {channel.State} which contradicts its reopen request");
        reader.Check(channel.State != HostChannelState.Revoked || channel.Modifying is null, $"offer {channel.Id.Value} is revoked and changes its VP");
        reader.Check(channel.Relid == 0 || ((channel.Request?.Relid ?? channel.Relid) == channel.Relid && (channel.Reopen?.Relid ?? channel.Relid) == channel.Relid), $"channel {channel.Relid} is open by another's request");
        if (channel.Request is not { } request)
            return;
        bool hasRings = channel.Gpadls.TryGetValue(request.Gpadl, out HostGpadl? rings) && rings.State is HostGpadlState.Accepted or HostGpadlState.TeardownHeld;
        reader.Check(hasRings, $"offer {channel.Id.Value} is {channel.State} and its rings' GPADL 0x{request.Gpadl:x} is not there");
        reader.Check(request.DownstreamPageOffset > 0 && request.DownstreamPageOffset < rings!.Assembly.PageCount, $"a ring begins at page {request.DownstreamPageOffset} of {rings.Assembly.PageCount}");
    }
}
