// What can be set of a notification port. Mirrors WHV_NOTIFICATION_PORT_PROPERTY_CODE (winhvplatformdefs.h).

namespace VmBus.Interop;

/// <summary>A property of a notification port: <c>WHV_NOTIFICATION_PORT_PROPERTY_CODE</c>; values have 64 bits.</summary>
internal enum WhpPortProperty : uint
{
    /// <summary><c>WHvNotificationPortPropertyPreferredTargetVp</c>: on whose processor the waiter should wake; 0xFFFFFFFF for any.</summary>
    PreferredTargetVp = 1,

    /// <summary><c>WHvNotificationPortPropertyPreferredTargetDuration</c>.</summary>
    PreferredTargetDuration = 5,
}
