namespace VmBus.Hosting;

/// <summary>The resources that a <see cref="HostBus"/> holds for its guest, and its counters.</summary>
/// <param name="Relids">Relids that the guest knows.</param>
/// <param name="Monitors">Monitors assigned.</param>
/// <param name="Gpadls">GPADLs that the guest has created.</param>
/// <param name="GpadlPages">Pages in all GPADLs.</param>
/// <param name="OpenChannels">Open channels.</param>
/// <param name="Faults">Messages that were rejected.</param>
/// <param name="Refusals">Valid requests that were refused: memory that does not exist, invalid rings.</param>
/// <param name="LastRefusal">The reason of the last refusal.</param>
/// <param name="DeviceFailures">Failures of devices and callbacks, as <see cref="HostBus.DeviceFailed"/> reports them.</param>
/// <param name="LastDeviceFailure">The last such failure.</param>
/// <param name="LostServices">Services that ignored the close of their channel, lost it, and have not ended yet.</param>
/// <param name="RingPages">Guest pages in the rings of open channels.</param>
/// <param name="PostsDelayed">Posts to the guest that were retried because its message slot was full or its SynIC was off.</param>
/// <param name="RingMappings">Upper bound of this process's mappings for the guest's open rings.</param>
/// <param name="RetiredRingMappings">Mappings of closed rings: their addresses stay reserved until nothing refers to them.</param>
/// <param name="AbandonedCalls">
/// Abandoned calls of devices and callbacks that still run, including services that lost their channel.
/// </param>
/// <param name="MessagesGivenUp">Messages to the guest that were abandoned: refused, or never read.</param>
/// <param name="MessagesPutOff">
/// Messages of the guest that arrived while too many were queued; the guest was told to retry.
/// </param>
/// <param name="SocketRequests">Pending requests of the guest for socket channels.</param>
public readonly record struct HostBusStatistics(
    int Relids, int Monitors, int Gpadls, long GpadlPages, int OpenChannels, long Faults, long Refusals, string? LastRefusal,
    long DeviceFailures, string? LastDeviceFailure, int LostServices, int RingPages, int RingMappings, int RetiredRingMappings, int AbandonedCalls, long PostsDelayed, long MessagesGivenUp,
    long MessagesPutOff, int SocketRequests);
