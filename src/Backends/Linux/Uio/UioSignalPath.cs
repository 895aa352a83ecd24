// What user space can signal with over uio_hv_generic. Mirrors hv_uio_irqcontrol (Linux drivers/uio/uio_hv_generic.c).

using System.Runtime.Versioning;
using VmBus.Layout;

namespace VmBus.Linux;

/// <summary>
/// The immediate signal of a channel without a monitor: a control write, which the kernel turns into HvCallSignalEvent. Of
/// a monitored channel there is none: the kernel makes the call only for channels without a monitor.
/// </summary>
/// <remarks>
/// The write also unmasks the ring that the guest reads, of every channel of the device: the host may then interrupt a
/// reader that is reading. The kernel masks it again at that interrupt, so it costs one wake-up and loses nothing.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class UioSignalPath(UioInterrupts interrupts, bool isMonitored) : ISignalPath
{
    /// <inheritdoc/>
    public SignalCapabilities Capabilities { get; } = isMonitored
        ? SignalCapabilities.Monitor | SignalCapabilities.LatencyHint
        : SignalCapabilities.Hypercall;

    /// <inheritdoc/>
    public HypercallStatus Signal() => isMonitored ? HypercallStatus.OperationDenied : interrupts.Signal();
}
