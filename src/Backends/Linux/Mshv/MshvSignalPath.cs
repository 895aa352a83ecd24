// The immediate signal through /dev/mshv_sint: vmbus_set_event (Linux drivers/hv/connection.c) for user space.

using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Linux;

/// <summary>HvCallSignalEvent of one connection. Never throws for what the device answers.</summary>
[SupportedOSPlatform("linux")]
internal sealed class MshvSignalPath(IMshvSintFile file, uint connectionId, ushort flagNumber, SignalCapabilities capabilities) : ISignalPath
{
    /// <inheritdoc/>
    public SignalCapabilities Capabilities => capabilities;

    /// <inheritdoc/>
    public HypercallStatus Signal()
    {
        Errno error = file.SignalEvent(connectionId, flagNumber, out int result);
        return error == Errno.None ? (HypercallStatus)result : MshvStatus.Of(error) ?? HypercallStatus.OperationDenied;
    }
}
