// The output of HvCallSignalEventDirect. Mirrors hv_output_signal_event_direct (Linux include/hyperv/hvhdk.h).

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>The output of <see cref="HypercallCode.SignalEventDirect"/>: <c>hv_output_signal_event_direct</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal struct SignalEventDirectOutput
{
    /// <summary>The size of the output in bytes.</summary>
    public const int Size = 8;

    /// <summary><c>newly_signaled</c>: 1 when the flag was clear before.</summary>
    [FieldOffset(0)]
    public byte NewlySignaled;
}
