// The input of HvCallSignalEvent. Mirrors hv_input_signal_event (older Linux drivers/hv/hyperv_vmbus.h) and
// sig_event of vmbus_channel (Linux include/linux/hyperv.h), its one-register form.

using System.Runtime.InteropServices;

namespace VmBus.Layout;

/// <summary>
/// The input of <see cref="HypercallCode.SignalEvent"/>: <c>hv_input_signal_event</c>, 8 bytes. In memory it is 8-byte
/// aligned; a fast call takes the same bytes as one little-endian word in a register (<see cref="ToRegister"/>).
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SignalEventInput
{
    /// <summary>The size of the input in bytes.</summary>
    public const int Size = 8;

    /// <summary><c>connectionid</c>: the low 24 bits count.</summary>
    public uint ConnectionId;

    /// <summary><c>flag_number</c>: relative to the port's base flag; Linux uses 0.</summary>
    public ushort FlagNumber;

    /// <summary>Zero.</summary>
    public ushort Reserved;

    /// <summary>Makes an input.</summary>
    /// <param name="connectionId">The connection to signal.</param>
    /// <param name="flagNumber">The flag, relative to the port's base flag.</param>
    public SignalEventInput(uint connectionId, ushort flagNumber = 0)
    {
        ConnectionId = connectionId;
        FlagNumber = flagNumber;
    }

    /// <summary>Reads the input of a fast call.</summary>
    /// <param name="register">The register: the connection id in bits 0 to 31, the flag number in bits 32 to 47.</param>
    /// <returns>The same input as in memory, reserved bits and all.</returns>
    public static SignalEventInput FromRegister(ulong register) => new()
    {
        ConnectionId = (uint)register,
        FlagNumber = (ushort)(register >> 32),
        Reserved = (ushort)(register >> 48),
    };

    /// <summary>Packs the input for a fast call.</summary>
    /// <returns>The register: the connection id in bits 0 to 31, the flag number in bits 32 to 47.</returns>
    public readonly ulong ToRegister() => ConnectionId | (ulong)FlagNumber << 32 | (ulong)Reserved << 48;
}

// The input of HvCallSignalEventDirect. Mirrors hv_input_signal_event_direct (Linux include/hyperv/hvhdk.h).
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

// The output of HvCallSignalEventDirect. Mirrors hv_output_signal_event_direct (Linux include/hyperv/hvhdk.h).
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
