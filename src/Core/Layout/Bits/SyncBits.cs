// Bits that several processors and a hypervisor change at once: relids in the interrupt page, event flags of a SINT,
// pending bits of the monitor page. Mirrors the sync_set_bit family (Linux arch/x86/include/asm/sync_bitops.h), which
// stays atomic where a uniprocessor kernel's set_bit would not.

using System.Diagnostics.CodeAnalysis;

namespace VmBus.Layout;

/// <summary>
/// Atomic operations on bits in shared memory: the <c>sync_set_bit</c> family. Bit n of a span is bit n % 8 of byte n / 8
/// from its start, as on Linux on little-endian machines, for spans of 32-bit and of 64-bit words.
/// </summary>
/// <remarks>
/// Safe from any thread, and with other code that uses interlocked operations on the same memory. Nothing here
/// allocates. <see cref="Set(ref uint, int)"/> and <see cref="Clear(ref uint, int)"/> compile to one interlocked
/// instruction without a loop: hosts that trap the monitor page (OpenVMM) decode that form on their fast path.
/// </remarks>
public static partial class SyncBits
{
    [DoesNotReturn]
    private static void ThrowNoSuchBit(int index, long count, string name) => throw new ArgumentOutOfRangeException(
        name, index, $"There are bits 0 to {count - 1}.");
}
