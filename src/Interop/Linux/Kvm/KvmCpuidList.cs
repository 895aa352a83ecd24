// A list of CPUID answers as the kernel takes and gives it. Mirrors struct kvm_cpuid2.

using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace VmBus.Interop;

internal static class KvmCpuidList
{
    // u32 nent, u32 padding; the entries follow.
    internal const int HeaderSize = 8;

    private const int EntrySize = 40;

    // More than any kernel has told so far; E2BIG says when it is not.
    private const int MostEntries = 512;

    internal static byte[] CreateEmpty()
    {
        var list = new byte[HeaderSize + MostEntries * EntrySize];
        BinaryPrimitives.WriteInt32LittleEndian(list, MostEntries);
        return list;
    }

    internal static byte[] Create(ReadOnlySpan<KvmCpuidEntry> entries)
    {
        var list = new byte[HeaderSize + entries.Length * EntrySize];
        BinaryPrimitives.WriteInt32LittleEndian(list, entries.Length);
        MemoryMarshal.AsBytes(entries).CopyTo(list.AsSpan(HeaderSize));
        return list;
    }

    internal static KvmCpuidEntry[] Read(ReadOnlySpan<byte> list)
    {
        int count = Math.Min(BinaryPrimitives.ReadInt32LittleEndian(list), MostEntries);
        return MemoryMarshal.Cast<byte, KvmCpuidEntry>(list.Slice(HeaderSize, count * EntrySize)).ToArray();
    }
}

// What a guest reads of one CPUID leaf. Mirrors struct kvm_cpuid_entry2 (Linux arch/x86/include/uapi/asm/kvm.h).
/// <summary>What a guest reads of one CPUID leaf. <c>struct kvm_cpuid_entry2</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmCpuidEntry
{
    /// <summary>The leaf: EAX of the question.</summary>
    public uint Function;

    /// <summary>The subleaf: ECX of the question.</summary>
    public uint Index;

    /// <summary><c>KVM_CPUID_FLAG_*</c>: bit 0 when the subleaf matters.</summary>
    public uint Flags;

    /// <summary>EAX of the answer.</summary>
    public uint Eax;

    /// <summary>EBX of the answer.</summary>
    public uint Ebx;

    /// <summary>ECX of the answer.</summary>
    public uint Ecx;

    /// <summary>EDX of the answer.</summary>
    public uint Edx;

    internal uint Padding0;

    internal uint Padding1;

    internal uint Padding2;
}
