// Where a SynIC page is. Mirrors hv_synic_simp and hv_synic_siefp (Linux include/asm-generic/hyperv-tlfs.h).

namespace VmBus.Layout;

/// <summary>
/// The value of a SIMP, SIEFP or SIRBP register: <c>hv_synic_simp</c>, 64 bits. Bit 0 enables the page; bits 12 to 63
/// are its page frame number.
/// </summary>
/// <param name="Value">The whole register.</param>
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
    /// <returns>The register.</returns>
    /// <exception cref="ArgumentException">The address is not 4096-byte aligned.</exception>
    public static SynicPageRegister Enabled(ulong address)
    {
        if ((address & ~AddressMask) != 0)
            throw new ArgumentException($"The SynIC page at 0x{address:x} is not 4096-byte aligned.", nameof(address));

        return new(address | EnableBit);
    }
}
