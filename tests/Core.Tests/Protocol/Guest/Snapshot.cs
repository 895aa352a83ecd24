using VmBus.Protocol;

namespace VmBus.Core.Tests.Protocol.Guest;

/// <summary>Everything of a guest that can be seen from outside, but its fault counts.</summary>
internal static class Snapshot
{
    public static string Of(GuestProtocol guest)
    {
        string channels = string.Join("; ", guest.Offers.Select(offer =>
            $"{offer.Relid} under {offer.PrimaryRelid} {guest.StateOf(offer.Relid)} [{string.Join(' ', guest.GpadlsOf(offer.Relid))}] [{string.Join(' ', guest.SubchannelsOf(offer.Relid).Select(subchannel => subchannel.Relid))}]"));
        return $"{guest.State} {guest.Negotiated} {guest.MonitorPages} {guest.AreServerMonitorPages} {guest.PendingRequests} pending, {guest.WaitingPosts} to post, "
            + $"{guest.EventCount} events, {guest.LateAnswers} late, {guest.GpadlCount} GPADLs, due {guest.UntilDue}: {channels}";
    }
}
