// What a notification port listens to. Mirrors WHV_NOTIFICATION_PORT_PARAMETERS (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>A notification port: <c>WHV_NOTIFICATION_PORT_PARAMETERS</c>, 32 bytes, here always of an event.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
internal struct WhpPortParameters
{
    /// <summary><c>WHvNotificationPortTypeEvent</c>.</summary>
    public const uint EventType = 2;

    public uint NotificationPortType;
    public uint Reserved;
    public uint ConnectionId;
}
