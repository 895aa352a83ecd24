// Bytes that a KVM structure keeps for later.

using System.Runtime.CompilerServices;

namespace VmBus.Interop;

/// <summary>56 bytes of zero.</summary>
[InlineArray(7)]
internal struct KvmPadding56
{
    private ulong _word;
}
