// How a guest says it is. Facts from OpenVMM hyperv_ic_protocol, heartbeat.rs (ApplicationState).

namespace VmBus.Integration;

/// <summary>How a guest says it is: the values of <c>GuestState</c>.</summary>
public enum IcGuestState : uint
{
    /// <summary>The guest does not say; Linux never does.</summary>
    Unknown = 0,

    /// <summary>All is well.</summary>
    Healthy = 1,

    /// <summary>A critical error.</summary>
    Critical = 2,

    /// <summary>No longer running.</summary>
    Stopped = 3,
}
