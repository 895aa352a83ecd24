// Bytes that a KVM structure keeps for later.

using System.Runtime.CompilerServices;

namespace VmBus.Interop;

/// <summary>64 bytes of zero.</summary>
[InlineArray(8)]
internal struct KvmPadding64
{
    private ulong _word;
}
