// One synthetic interrupt source's register. Mirrors hv_synic_sint (Linux include/asm-generic/hyperv-tlfs.h).

namespace VmBus.Layout;

/// <summary>The value of a SINT register: <c>hv_synic_sint</c>, 64 bits.</summary>
/// <param name="Value">The whole register.</param>
internal readonly record struct SynicSint(ulong Value)
{
    /// <summary>Bits 0 to 7: <see cref="Vector"/>.</summary>
    public const ulong VectorMask = 0xFF;

    /// <summary>Bit 16: no interrupt is raised, and signals and messages are refused.</summary>
    public const ulong MaskedBit = 1ul << 16;

    /// <summary>Bit 17: the interrupt needs no end-of-interrupt.</summary>
    public const ulong AutoEoiBit = 1ul << 17;

    /// <summary>Bit 18: no interrupt is raised; the VP polls.</summary>
    public const ulong PollingBit = 1ul << 18;

    /// <summary>Bit 19: deliveries become intercepts.</summary>
    public const ulong AsInterceptBit = 1ul << 19;

    /// <summary>Bit 20: the paravisor proxies the source.</summary>
    public const ulong ProxyBit = 1ul << 20;

    /// <summary>What the register holds after a reset: masked, vector 0.</summary>
    public static SynicSint Reset => new(MaskedBit);

    /// <summary><c>vector</c>: bits 0 to 7, the interrupt raised.</summary>
    public byte Vector => (byte)(Value & VectorMask);

    /// <summary><c>masked</c>.</summary>
    public bool IsMasked => (Value & MaskedBit) != 0;

    /// <summary><c>auto_eoi</c>.</summary>
    public bool IsAutoEoi => (Value & AutoEoiBit) != 0;

    /// <summary><c>polling</c>.</summary>
    public bool IsPolling => (Value & PollingBit) != 0;

    /// <summary><c>as_intercept</c>.</summary>
    public bool IsIntercept => (Value & AsInterceptBit) != 0;

    /// <summary><c>proxy</c>.</summary>
    public bool IsProxy => (Value & ProxyBit) != 0;

    /// <summary>Makes the register of an unmasked source.</summary>
    /// <param name="vector">The interrupt raised.</param>
    /// <param name="autoEoi">Whether the interrupt needs no end-of-interrupt.</param>
    /// <param name="polling">Whether the VP polls instead of being interrupted.</param>
    /// <returns>The register.</returns>
    public static SynicSint Unmasked(byte vector, bool autoEoi = false, bool polling = false) =>
        new(vector | (autoEoi ? AutoEoiBit : 0) | (polling ? PollingBit : 0));
}
