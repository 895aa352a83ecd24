// How a guest says it is. Facts from OpenVMM hyperv_ic_protocol, heartbeat.rs (ApplicationState).

namespace VmBus.Integration;

/// <summary>The state that a guest reports: the values of <c>GuestState</c>.</summary>
public enum IcGuestState : uint
{
    /// <summary>The guest reports no state; Linux never does.</summary>
    Unknown = 0,

    /// <summary>The guest is healthy.</summary>
    Healthy = 1,

    /// <summary>A critical error.</summary>
    Critical = 2,

    /// <summary>No longer running.</summary>
    Stopped = 3,
}
