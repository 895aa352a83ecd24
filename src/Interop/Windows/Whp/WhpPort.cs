// A notification port. Mirrors WHV_NOTIFICATION_PORT_HANDLE.

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
    /// <param name="property">Which.</param>
    /// <param name="value">To what.</param>
    /// <exception cref="WhpException">The platform refused.</exception>
    public void SetProperty(WhpPortProperty property, ulong value) =>
        WhpException.ThrowIfFailed(WhpNative.SetNotificationPortProperty(Vm, this, property, value), $"WHvSetNotificationPortProperty of {property} to {value}");

    private protected override int Delete(nint partition, nint part) => WhpNative.DeleteNotificationPort(partition, part);
}
