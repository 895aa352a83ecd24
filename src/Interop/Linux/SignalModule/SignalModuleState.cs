// Mirrors struct vmbus_signal_state and VMBUS_SIGNAL_OPEN and so on (src/Kernel/vmbus_signal.h), 128 bytes.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct SignalModuleState
{
    internal const uint NoMonitor = 0xFFFF_FFFF;    // VMBUS_SIGNAL_NO_MONITOR

    internal Guid Instance;             // instance[16]
    internal Guid Type;                 // type[16]
    internal SignalModuleFlags Flags;   // flags
    internal uint Relid;                // relid
    internal uint Subchannel;           // subchannel
    internal uint MonitorId;            // monitor_id
    internal uint ConnectionId;         // connection_id
    internal uint TargetCpu;            // target_cpu
    internal uint Holders;              // holders
    internal uint Reserved0;            // reserved0
    internal ulong Hypercalls;          // hypercalls
    internal ulong Interrupts;          // interrupts
    internal ulong Signals;             // signals
    internal ulong Refused;             // refused
    internal Rest Reserved;             // reserved[4]

    [InlineArray(4)]
    internal struct Rest
    {
        private ulong _first;
    }
}

[Flags]
internal enum SignalModuleFlags : uint
{
    None = 0,
    Open = 0x0001,              // VMBUS_SIGNAL_OPEN
    Monitored = 0x0002,         // VMBUS_SIGNAL_MONITORED
    LowLatency = 0x0004,        // VMBUS_SIGNAL_LOW_LATENCY
    Held = 0x0008,              // VMBUS_SIGNAL_HELD
    Kept = 0x0010,              // VMBUS_SIGNAL_KEPT
    Dedicated = 0x0020,         // VMBUS_SIGNAL_DEDICATED
    Subchannel = 0x0040,        // VMBUS_SIGNAL_SUBCHANNEL
    Uio = 0x0080,               // VMBUS_SIGNAL_UIO
    MaySignal = 0x0100,         // VMBUS_SIGNAL_MAY_SIGNAL
    MayKeep = 0x0200,           // VMBUS_SIGNAL_MAY_KEEP
}
