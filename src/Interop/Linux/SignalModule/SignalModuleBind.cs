// Mirrors struct vmbus_signal_bind (src/Kernel/vmbus_signal.h), 48 bytes.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct SignalModuleBind
{
    /// <summary>No UIO descriptor: what may be done goes by the process's capabilities.</summary>
    internal const int NoUio = -1;

    internal Guid Instance;         // instance[16]: a Guid lies in memory as the bus has it
    internal uint Relid;            // relid
    internal int UioDescriptor;     // uio_fd
    internal uint Flags;            // flags
    internal Reserved Rest;         // reserved[5]

    [InlineArray(5)]
    internal struct Reserved
    {
        private uint _first;
    }
}
