// The immediate signal between two processes: an event flag in shared memory and, when it is newly set, a byte in a pipe.
// What HvCallSignalEvent does with the SIEF page and the interrupt, and KVM_HYPERV_EVENTFD with a file descriptor.

using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.InMemory;

/// <summary>Signals the other process: one interlocked test-and-set, and a system call only on 0 to 1.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SharedSignalPath(object owner, SynicEventFlagsPageView flags, int relid, SignalPipe interrupt, SignalCapabilities capabilities) : ISignalPath
{
    internal const int Sint = 2;

    /// <inheritdoc/>
    public SignalCapabilities Capabilities => capabilities;

    /// <inheritdoc/>
    public HypercallStatus Signal()
    {
        if (!SyncBits.TestAndSet(flags.Flags(Sint), relid))
            interrupt.Signal();
        GC.KeepAlive(owner);
        return HypercallStatus.Success;
    }
}
