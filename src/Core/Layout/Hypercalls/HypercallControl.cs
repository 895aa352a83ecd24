// The control word of a hypercall. Mirrors the hypercall input value (TLFS 3.7; Linux HV_HYPERCALL_*).

namespace VmBus.Layout;

/// <summary>
/// The control word of a hypercall, 64 bits: code in bits 0 to 15, fast in bit 16, size of the variable header in
/// bits 17 to 26, nested in bit 31, repeat count in bits 32 to 43, repeat start in bits 48 to 59.
/// </summary>
/// <param name="Value">The whole word.</param>
internal readonly record struct HypercallControl(ulong Value)
{
    /// <summary>Bit 16: the input is in registers.</summary>
    public const ulong FastBit = 1ul << 16;

    /// <summary>Bit 31, <c>HV_HYPERCALL_NESTED</c>: the call is for the hypervisor below the nested one.</summary>
    public const ulong NestedBit = 1ul << 31;

    /// <summary>Bits 0 to 15: <see cref="Code"/>.</summary>
    public const ulong CodeMask = 0xFFFF;

    /// <summary>Bits 17 to 26: <see cref="VariableHeaderSize"/>.</summary>
    public const ulong VariableHeaderMask = 0x3FFul << VariableHeaderShift;

    /// <summary>Bits 32 to 43: <see cref="RepCount"/>.</summary>
    public const ulong RepCountMask = 0xFFFul << RepCountShift;

    /// <summary>Bits 48 to 59: <see cref="RepStart"/>.</summary>
    public const ulong RepStartMask = 0xFFFul << RepStartShift;

    private const int VariableHeaderShift = 17;
    private const int RepCountShift = 32;
    private const int RepStartShift = 48;

    /// <summary>Makes the control word of a simple call.</summary>
    /// <param name="code">Which call.</param>
    /// <param name="fast">Whether the input is in registers.</param>
    /// <param name="nested">Whether the call is for the hypervisor below the nested one.</param>
    public HypercallControl(HypercallCode code, bool fast = false, bool nested = false)
        : this((ulong)code | (fast ? FastBit : 0) | (nested ? NestedBit : 0))
    {
    }

    /// <summary>Which call.</summary>
    public HypercallCode Code => (HypercallCode)(Value & CodeMask);

    /// <summary>Whether the input is in registers.</summary>
    public bool IsFast => (Value & FastBit) != 0;

    /// <summary>Whether the call is for the hypervisor below the nested one.</summary>
    public bool IsNested => (Value & NestedBit) != 0;

    /// <summary>The size of the variable header in units of 8 bytes.</summary>
    public int VariableHeaderSize => (int)((Value & VariableHeaderMask) >> VariableHeaderShift);

    /// <summary>How many elements a repeat call has; 0 for a simple call.</summary>
    public int RepCount => (int)((Value & RepCountMask) >> RepCountShift);

    /// <summary>Which element a repeat call starts with.</summary>
    public int RepStart => (int)((Value & RepStartMask) >> RepStartShift);
}
