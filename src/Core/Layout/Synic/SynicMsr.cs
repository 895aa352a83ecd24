// The x64 registers of a VP's SynIC. Mirrors HV_X64_MSR_SCONTROL and its neighbours (TLFS; Linux asm/hyperv-tlfs.h).

namespace VmBus.Layout;

/// <summary>The model-specific registers of the SynIC on x64, and how many SINTs it has.</summary>
internal static class SynicMsr
{
    /// <summary>How many synthetic interrupt sources a VP has.</summary>
    public const int SintCount = 16;

    /// <summary>The SINT VMBus signals and posts to: <c>VMBUS_MESSAGE_SINT</c>.</summary>
    public const int VmBusSint = 2;

    /// <summary>The SINT VMBus is redirected to in VTL2.</summary>
    public const int VmBusRedirectSint = 7;

    /// <summary><c>HV_X64_MSR_SCONTROL</c>: bit 0 enables the SynIC.</summary>
    public const uint Scontrol = 0x40000080;

    /// <summary><c>HV_X64_MSR_SVERSION</c>: reads as <see cref="Version"/>.</summary>
    public const uint Sversion = 0x40000081;

    /// <summary><c>HV_X64_MSR_SIEFP</c>: where the event-flags page is; see <see cref="SynicPageRegister"/>.</summary>
    public const uint Siefp = 0x40000082;

    /// <summary><c>HV_X64_MSR_SIMP</c>: where the message page is; see <see cref="SynicPageRegister"/>.</summary>
    public const uint Simp = 0x40000083;

    /// <summary><c>HV_X64_MSR_EOM</c>: a write says that a message slot was emptied.</summary>
    public const uint Eom = 0x40000084;

    /// <summary><c>HV_X64_MSR_SIRBP</c>: where the event ring page is; see <see cref="SynicPageRegister"/>.</summary>
    public const uint Sirbp = 0x40000085;

    /// <summary><c>HV_X64_MSR_SINT0</c>: the first of sixteen; see <see cref="SynicSint"/>.</summary>
    public const uint Sint0 = 0x40000090;

    /// <summary><c>HV_X64_MSR_SINT15</c>: the last of sixteen.</summary>
    public const uint Sint15 = 0x4000009F;

    /// <summary>What is added to a register's number to name the same register of the nested hypervisor's SynIC.</summary>
    public const uint NestedOffset = 0x1000;

    /// <summary>Bit 0 of <see cref="Scontrol"/>: the SynIC is enabled.</summary>
    public const ulong ScontrolEnable = 1;

    /// <summary>What <see cref="Sversion"/> reads as.</summary>
    public const ulong Version = 1;
}

// Where a SynIC page is. Mirrors hv_synic_simp and hv_synic_siefp (Linux include/asm-generic/hyperv-tlfs.h).
/// <summary>
/// The value of a SIMP, SIEFP or SIRBP register: <c>hv_synic_simp</c>, 64 bits. Bit 0 enables the page; bits 12 to 63
/// are its page frame number.
/// </summary>
internal readonly record struct SynicPageRegister(ulong Value)
{
    /// <summary>Bit 0: the page is there.</summary>
    public const ulong EnableBit = 1;

    /// <summary>Bits 12 to 63: <see cref="PageFrame"/>, in place.</summary>
    public const ulong AddressMask = ~0ul << PageShift;

    private const int PageShift = 12;

    /// <summary>A register that enables no page.</summary>
    public static SynicPageRegister Disabled => default;

    /// <summary>Bit 0: whether the page is there.</summary>
    public bool IsEnabled => (Value & EnableBit) != 0;

    /// <summary>The guest page frame number (4096-byte pages).</summary>
    public ulong PageFrame => Value >> PageShift;

    /// <summary>The guest physical address of the page.</summary>
    public ulong Address => Value & AddressMask;

    /// <summary>Makes the register that enables a page.</summary>
    /// <param name="address">The page's guest physical address.</param>
    /// <exception cref="ArgumentException">The address is not 4096-byte aligned.</exception>
    public static SynicPageRegister Enabled(ulong address)
    {
        if ((address & ~AddressMask) != 0)
            throw new ArgumentException($"The SynIC page at 0x{address:x} is not 4096-byte aligned.", nameof(address));

        return new(address | EnableBit);
    }
}

// One synthetic interrupt source's register. Mirrors hv_synic_sint (Linux include/asm-generic/hyperv-tlfs.h).
/// <summary>The value of a SINT register: <c>hv_synic_sint</c>, 64 bits.</summary>
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
    public static SynicSint Unmasked(byte vector, bool autoEoi = false, bool polling = false) =>
        new(vector | (autoEoi ? AutoEoiBit : 0) | (polling ? PollingBit : 0));
}
