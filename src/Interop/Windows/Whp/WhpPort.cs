// A notification port. Mirrors WHV_NOTIFICATION_PORT_HANDLE.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>A notification port: while it is there, a guest's signals of its connection set its event.</summary>
[SupportedOSPlatform("windows")]
internal sealed class WhpPort : WhpPart
{
    internal WhpPort(WhpVm vm, nint port) : base(vm, port)
    {
    }

    /// <summary>Sets a property.</summary>
    /// <exception cref="WhpException">The platform refused.</exception>
    public void SetProperty(WhpPortProperty property, ulong value) =>
        WhpException.ThrowIfFailed(WhpNative.SetNotificationPortProperty(Vm, this, property, value), $"WHvSetNotificationPortProperty of {property} to {value}");

    private protected override int Delete(nint partition, nint part) => WhpNative.DeleteNotificationPort(partition, part);
}

// What a notification port listens to. Mirrors WHV_NOTIFICATION_PORT_PARAMETERS (winhvplatformdefs.h).
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

// What can be set of a notification port. Mirrors WHV_NOTIFICATION_PORT_PROPERTY_CODE (winhvplatformdefs.h).
/// <summary>A property of a notification port: <c>WHV_NOTIFICATION_PORT_PROPERTY_CODE</c>; values have 64 bits.</summary>
internal enum WhpPortProperty : uint
{
    /// <summary><c>WHvNotificationPortPropertyPreferredTargetVp</c>: on whose processor the waiter should wake; 0xFFFFFFFF for any.</summary>
    PreferredTargetVp = 1,

    /// <summary><c>WHvNotificationPortPropertyPreferredTargetDuration</c>.</summary>
    PreferredTargetDuration = 5,
}

// An event flag of a VP. Mirrors WHV_SYNIC_EVENT_PARAMETERS (winhvplatformdefs.h).
/// <summary>An event flag: <c>WHV_SYNIC_EVENT_PARAMETERS</c>, 8 bytes, passed by value.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WhpSynicEvent
{
    /// <summary><c>VpIndex</c>.</summary>
    public uint VpIndex;

    /// <summary><c>TargetSint</c>: 0 to 15.</summary>
    public byte TargetSint;

    /// <summary>Reserved in the header of mingw-w64 10, the trust level in later ones: 0.</summary>
    internal byte Reserved;

    /// <summary><c>FlagNumber</c>: 0 to 2047.</summary>
    public ushort FlagNumber;
}
