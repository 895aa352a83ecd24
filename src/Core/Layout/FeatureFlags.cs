// What the two ends of a connection support beyond the version. Mirrors FeatureFlags (OpenVMM vmbus_core protocol.rs);
// Linux knows 0x10 only (VMBUS_FEATURE_FLAG_CONFIDENTIAL_CHANNELS).

namespace VmBus.Layout;

/// <summary>The features of a connection, negotiated from protocol 6.0 on.</summary>
[Flags]
public enum FeatureFlags : uint
{
    /// <summary>No features.</summary>
    None = 0,

    /// <summary>The guest chooses the connection id and the event flag when it opens a channel (<c>OpenChannel2</c>).</summary>
    GuestSpecifiedSignalParameters = 0x1,

    /// <summary>A channel's interrupts can be redirected (<c>RedirectInterrupt</c>).</summary>
    ChannelInterruptRedirection = 0x2,

    /// <summary>The monitor pages can be moved (<c>ModifyConnection</c>).</summary>
    ModifyConnection = 0x4,

    /// <summary>The guest identifies itself (<c>InitiateContact2</c>).</summary>
    ClientId = 0x8,

    /// <summary>Channels can use confidential memory.</summary>
    ConfidentialChannels = 0x10,

    /// <summary>Messages can be paused (<c>Pause</c>).</summary>
    PauseResume = 0x20,

    /// <summary>The host provides the monitor pages (<c>VersionResponse3</c>).</summary>
    ServerSpecifiedMonitorPages = 0x40,

    /// <summary>Memory that packets refer to can be pinned.</summary>
    GpaPinning = 0x80,
}
