// A guest's access to an address that has no memory. Mirrors kvm_run.mmio.

namespace VmBus.Interop;

/// <summary>An address that a guest reads or writes.</summary>
/// <param name="Address">The guest physical address.</param>
/// <param name="Length">Bytes: 1 to 8.</param>
/// <param name="IsWrite">Whether it writes.</param>
internal readonly record struct KvmMemoryAccess(ulong Address, int Length, bool IsWrite);
