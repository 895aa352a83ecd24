// Mirrors struct vmbus_signal_low_latency (src/Kernel/vmbus_signal.h), 16 bytes.

using System.Runtime.InteropServices;

namespace VmBus.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct SignalModuleLowLatency
{
    internal const uint ScopeDescriptor = 0;    // VMBUS_SIGNAL_SCOPE_DESCRIPTOR
    internal const uint ScopeKept = 1;          // VMBUS_SIGNAL_SCOPE_KEPT

    internal uint Enable;           // enable
    internal uint Scope;            // scope
    internal ulong Reserved;        // reserved[2]
}
