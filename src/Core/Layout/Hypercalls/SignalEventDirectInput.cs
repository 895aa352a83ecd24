// The input of HvCallSignalEventDirect. Mirrors hv_input_signal_event_direct (Linux include/hyperv/hvhdk.h).

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>The input of <see cref="HypercallCode.SignalEventDirect"/>: <c>hv_input_signal_event_direct</c>, 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SignalEventDirectInput
{
    /// <summary>The size of the input in bytes.</summary>
    public const int Size = 16;

    /// <summary><c>target_partition</c>.</summary>
    public ulong TargetPartition;

    /// <summary><c>target_vp</c>: the VP's index.</summary>
    public uint TargetVp;

    /// <summary><c>target_vtl</c>.</summary>
    public byte TargetVtl;

    /// <summary><c>target_sint</c>: 0 to 15.</summary>
    public byte TargetSint;

    /// <summary><c>flag_number</c>: 0 to 2047.</summary>
    public ushort FlagNumber;
}
