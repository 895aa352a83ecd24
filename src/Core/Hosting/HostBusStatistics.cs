namespace VmBus.Hosting;

/// <summary>What a <see cref="HostBus"/> holds for its guest, and has counted.</summary>
/// <param name="Relids">Relids the guest knows.</param>
/// <param name="Monitors">Monitors given out.</param>
/// <param name="Gpadls">GPADLs the guest has made.</param>
/// <param name="GpadlPages">Pages in them.</param>
/// <param name="OpenChannels">Channels that are open.</param>
/// <param name="Faults">Messages that were not taken.</param>
/// <param name="Refusals">Requests that were understood and refused: memory that is not there, impossible rings.</param>
/// <param name="LastRefusal">Why the last of those was refused.</param>
/// <param name="DeviceFailures">How often a device or a callback failed: what <see cref="HostBus.DeviceFailed"/> tells.</param>
/// <param name="LastDeviceFailure">What the last of those was.</param>
/// <param name="LostServices">Services that lost their channel because they ignored its close, and have not ended yet.</param>
/// <param name="RingPages">Pages of the guest that are rings of open channels.</param>
/// <param name="PostsDelayed">Posts to the guest that found its message slot full, or its SynIC off, and were tried again.</param>
/// <param name="RingMappings">Most mappings of this process that the guest's open rings can take.</param>
/// <param name="RetiredRingMappings">Mappings that closed rings have left: their addresses stay until nothing refers to them.</param>
/// <param name="AbandonedCalls">Abandoned calls of devices and callbacks that still run, lost services included.</param>
/// <param name="MessagesGivenUp">Messages to the guest that were given up: refused, or never read.</param>
/// <param name="MessagesPutOff">Messages of the guest that came while too many waited already: it was told to try again.</param>
/// <param name="SocketRequests">Requests of the guest for socket channels that wait for their answer.</param>
public readonly record struct HostBusStatistics(
    int Relids, int Monitors, int Gpadls, long GpadlPages, int OpenChannels, long Faults, long Refusals, string? LastRefusal,
    long DeviceFailures, string? LastDeviceFailure, int LostServices, int RingPages, int RingMappings, int RetiredRingMappings, int AbandonedCalls, long PostsDelayed, long MessagesGivenUp,
    long MessagesPutOff, int SocketRequests);
