// A guest's access to ports. Mirrors kvm_run.io.

namespace VmBus.Interop;

/// <summary>A port that a guest reads or writes.</summary>
/// <param name="IsWrite">Whether it writes.</param>
/// <param name="Size">Bytes at once: 1, 2 or 4.</param>
/// <param name="Port">The port.</param>
/// <param name="Count">How many times, one after the other: a string instruction's.</param>
internal readonly record struct KvmPortAccess(bool IsWrite, int Size, ushort Port, int Count);
