// Which interrupt vectors wait, a bit each. Mirrors interrupt_bitmap of struct kvm_sregs.

using System.Runtime.CompilerServices;

namespace VmBus.Interop;

/// <summary>256 bits, one for each vector.</summary>
[InlineArray(4)]
internal struct KvmInterruptBitmap
{
    private ulong _word;
}
