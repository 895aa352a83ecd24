// How the bus of a hosted guest is: what the guest has of what it may have, and what it was refused.

using System.Globalization;
using VmBus.Hosting;

namespace VmBus.Tool;

/// <summary>Tells a bus's statistics as lines.</summary>
internal static class BusStatus
{
    /// <summary>The lines: what the guest has, and then only what happened.</summary>
    /// <param name="connection">The version and the state of the connection.</param>
    /// <param name="now">What the bus holds and has counted.</param>
    /// <param name="limits">What the guest may have.</param>
    public static IEnumerable<string> Lines(string connection, HostBusStatistics now, HostBusOptions limits)
    {
        yield return Text($"{connection}; relids {now.Relids} of {limits.MaxChannels}, monitors {now.Monitors} of {limits.MonitorIds}, channels open {now.OpenChannels}, GPADLs {now.Gpadls} of {limits.MaxGpadls} with {now.GpadlPages} of {limits.MaxGpadlPages} pages, ring pages {now.RingPages}, ring mappings {now.RingMappings} of {limits.MaxRingMappings} and {now.RetiredRingMappings} of closed rings, calls abandoned {now.AbandonedCalls} of {limits.MaxAbandonedCalls}");
        if (now.Refusals > 0)
            yield return Text($"requests of the guest refused: {now.Refusals}; the last: {now.LastRefusal}");
        if (now.Faults > 0)
            yield return Text($"messages of the guest dropped, because they were wrong or came at a wrong time: {now.Faults}");
        if (now.MessagesPutOff > 0)
            yield return Text($"messages of the guest put off, because it sent too many at once: {now.MessagesPutOff}");
        if (now.PostsDelayed > 0 || now.MessagesGivenUp > 0)
            yield return Text($"messages to the guest that found no room at first: {now.PostsDelayed}; given up: {now.MessagesGivenUp}");
        if (now.SocketRequests > 0)
            yield return Text($"sockets that wait for an answer: {now.SocketRequests} of {limits.MaxTransportConnects}");
        if (now.DeviceFailures > 0)
            yield return Text($"failures of devices: {now.DeviceFailures}; the last: {now.LastDeviceFailure}");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
