// What user space can signal with over uio_hv_generic. Mirrors hv_uio_irqcontrol (Linux drivers/uio/uio_hv_generic.c), and
// the user's side of the module vmbus_signal (src/Kernel/vmbus_signal.c).

using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Linux;

/// <summary>
/// The immediate signal of a channel over UIO. Without a monitor it is a control write, which the kernel turns into
/// HvCallSignalEvent. With a monitor the kernel makes that call only for the module <c>vmbus_signal</c>, where it is loaded.
/// </summary>
/// <remarks>
/// <para>The write also unmasks the ring that the guest reads, of every channel of the device: the host may then interrupt a
/// reader that is reading. The kernel masks it again at that interrupt, so it costs one wake-up and loses nothing.</para>
/// <para>The module is looked for when the channel is opened, and again each time the mode is set. While a descriptor of it
/// is open it stays loaded.</para>
/// </remarks>
/// <param name="interrupts">The device, for channels without a monitor.</param>
/// <param name="isMonitored">Whether the channel has a monitor.</param>
/// <param name="open">Opens the module for this channel; <see langword="null"/> where it is not there or refuses.</param>
[SupportedOSPlatform("linux")]
internal sealed class UioSignalPath(UioInterrupts interrupts, bool isMonitored, Func<ISignalFile?> open) : ISignalPath, IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<ISignalFile> _opened = [];    // all of them stay open: a call may be under way
    private ISignalFile? _module;
    private bool _disposed;

    /// <inheritdoc/>
    public SignalCapabilities Capabilities => !isMonitored ? SignalCapabilities.Hypercall
        : SignalCapabilities.Monitor | SignalCapabilities.LatencyHint | (Volatile.Read(ref _module) is null ? 0 : SignalCapabilities.Hypercall);

    /// <inheritdoc/>
    public SignalCapabilities Review()
    {
        lock (_lock)
        {
            if (isMonitored && !_disposed && _module is null && !interrupts.IsGone && open() is { } module)
            {
                _opened.Add(module);
                Volatile.Write(ref _module, module);
            }
        }

        return Capabilities;
    }

    /// <inheritdoc/>
    public HypercallStatus Signal()
    {
        if (!isMonitored)
            return interrupts.Signal();
        if (Volatile.Read(ref _module) is not { } module)
            return HypercallStatus.OperationDenied;
        switch (module.Signal())
        {
            // Refused as one too many: the module has seen that the host finds nothing to do.
            case Errno.None or Errno.TryAgain:
                return HypercallStatus.Success;
            // To the kernel the channel is closed, as it is while another opener closes the device.
            case Errno.NotConnected:
                return HypercallStatus.InvalidConnectionId;
            // This descriptor signals no more.
            default:
                Interlocked.CompareExchange(ref _module, null, module);
                return HypercallStatus.InvalidConnectionId;
        }
    }

    /// <summary>Closes the module. Calls under way end; later ones are denied.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            Volatile.Write(ref _module, null);
            foreach (ISignalFile module in _opened)
                module.Dispose();
            _opened.Clear();
        }
    }
}
