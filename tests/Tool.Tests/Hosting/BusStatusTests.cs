using VmBus.Hosting;

namespace VmBus.Tool.Tests.Hosting;

/// <summary>What <c>status</c> says of a bus: each limit beside what the guest has of it, and each refusal with its reason.</summary>
public sealed class BusStatusTests
{
    private static readonly HostBusOptions Limits = new() { MaxGpadls = 3, MaxRingMappings = 20, MaxAbandonedCalls = 4, MaxTransportConnects = 2 };

    [Fact]
    public void A_quiet_bus_is_one_line_with_its_limits() => Assert.Equal(
        ["protocol 5.3, Connected; relids 5 of 2047, monitors 1 of 128, channels open 2, GPADLs 2 of 3 with 40 of 1048576 pages, ring pages 8, ring mappings 12 of 20 and 6 of closed rings, calls abandoned 0 of 4"],
        Lines(new HostBusStatistics { Relids = 5, Monitors = 1, OpenChannels = 2, Gpadls = 2, GpadlPages = 40, RingPages = 8, RingMappings = 12, RetiredRingMappings = 6 }));

    [Fact]
    public void What_was_refused_lost_or_waits_is_a_line_each_that_says_why() => Assert.Equal(
        [
            "requests of the guest refused: 7; the last: No more.",
            "messages of the guest dropped, because they were wrong or came at a wrong time: 6",
            "messages of the guest put off, because it sent too many at once: 5",
            "messages to the guest that found no room at first: 4; given up: 3",
            "sockets that wait for an answer: 2 of 2",
            "failures of devices: 1; the last: Broken.",
        ],
        Lines(new HostBusStatistics
        {
            Refusals = 7,
            LastRefusal = "No more.",
            Faults = 6,
            MessagesPutOff = 5,
            PostsDelayed = 4,
            MessagesGivenUp = 3,
            SocketRequests = 2,
            DeviceFailures = 1,
            LastDeviceFailure = "Broken.",
        })[1..]);

    // The system tests look for these words.
    [Fact]
    public void A_guest_that_has_left_has_nothing() => Assert.Matches(
        "^left; relids 0 of .*, monitors 0 of .*, channels open 0, GPADLs 0 of .* with 0 of .* pages, ring pages 0, ring mappings 0 of .* calls abandoned 0 of ",
        Assert.Single(BusStatus.Lines("left", default, Limits)));

    private static string[] Lines(HostBusStatistics now) => [.. BusStatus.Lines("protocol 5.3, Connected", now, Limits)];
}
