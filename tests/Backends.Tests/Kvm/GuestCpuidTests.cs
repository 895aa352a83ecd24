using System.Runtime.InteropServices;
using System.Text;
using VmBus.Interop;
using VmBus.Kvm;

namespace VmBus.Backends.Tests.Kvm;

/// <summary>What a guest reads by CPUID, made of what a kernel offers.</summary>
public sealed class GuestCpuidTests
{
    private static readonly KvmCpuidEntry[] Processor =
    [
        new() { Function = 0, Eax = 0x1F, Ebx = 1, Ecx = 2, Edx = 3 },
        new() { Function = 1, Eax = 0xC06F2, Ebx = 0x0920_0800, Ecx = 0x8120_2000, Edx = 0x1F8B_FBFF },
        new() { Function = 4, Index = 0, Flags = 1, Eax = 0xFC00_4121, Ebx = 5 },
        new() { Function = 0xB, Index = 0, Flags = 1, Eax = 5, Ebx = 6, Ecx = 7, Edx = 8 },
        new() { Function = 0xB, Index = 1, Flags = 1, Eax = 5, Ebx = 6, Ecx = 7, Edx = 8 },
        new() { Function = 0x4000_0000, Eax = 0x4000_0001, Ebx = 0x4B4D_564B },
        new() { Function = 0x4000_0001, Eax = 0x0100_7EFB },
        new() { Function = 0x8000_0008, Eax = 0x3030, Ecx = 0x5007 },
        new() { Function = 0x8000_001E, Eax = 9, Ebx = 9, Ecx = 9 },
    ];

    private static readonly KvmCpuidEntry[] Hyperv =
    [
        new() { Function = 0x4000_0000, Eax = 0x4000_000A, Ebx = 0x756E_694C, Ecx = 1, Edx = 2 },
        new() { Function = 0x4000_0001, Eax = 0x3123_7648 },
        new() { Function = 0x4000_0003, Eax = 0xFFFF_FFFF, Ebx = 0x30 },
        new() { Function = 0x4000_0004, Eax = 0xFFFF_FFFF },
        new() { Function = 0x4000_0005, Eax = 64 },
        new() { Function = 0x4000_000A, Eax = 1 },
        new() { Function = 0x4000_0080, Eax = 0x4000_0082 },
    ];

    [Fact]
    public void Hyper_Vs_leaves_stand_in_the_place_of_KVMs_and_say_Hyper_V()
    {
        KvmCpuidEntry[] leaves = GuestCpuid.Create(Processor, Hyperv, vpIndex: 0);
        Assert.Equal(
            [0x4000_0000, 0x4000_0001, 0x4000_0003, 0x4000_0004, 0x4000_0005],
            leaves.Select(leaf => leaf.Function).Where(function => function is >= 0x4000_0000 and < 0x8000_0000));
        KvmCpuidEntry vendor = Leaf(leaves, 0x4000_0000);
        Assert.Equal(0x4000_0005u, vendor.Eax);
        Assert.Equal("Microsoft Hv", Encoding.ASCII.GetString(MemoryMarshal.AsBytes<uint>([vendor.Ebx, vendor.Ecx, vendor.Edx])));
        Assert.Equal(0x3123_7648u, Leaf(leaves, 0x4000_0001).Eax);
        Assert.Equal((0xFFFF_DFFFu, 0x30u), (Leaf(leaves, 0x4000_0003).Eax, Leaf(leaves, 0x4000_0003).Ebx));
        Assert.Equal(0xFFFF_BFFFu, Leaf(leaves, 0x4000_0004).Eax);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_hypervisor_bit_is_set_only_where_there_are_leaves_of_one(bool hyperv)
    {
        KvmCpuidEntry[] processor = [.. Processor];
        processor[1].Ecx = hyperv ? 0x0120_2000 : 0x8120_2000;
        KvmCpuidEntry[] leaves = GuestCpuid.Create(processor, hyperv ? Hyperv : [], vpIndex: 0);
        Assert.Equal(hyperv ? 0x8120_2000 : 0x0120_2000u, Leaf(leaves, 1).Ecx);
        Assert.Equal(hyperv, leaves.Any(leaf => leaf.Function == 0x4000_0000));
    }

    [Fact]
    public void Each_VP_is_a_socket_of_its_own_with_its_index_as_APIC_id()
    {
        KvmCpuidEntry[] leaves = GuestCpuid.Create(Processor, Hyperv, vpIndex: 3);
        Assert.Equal((0xC06F2u, 0x0301_0800u, 0x0F8B_FBFFu), (Leaf(leaves, 1).Eax, Leaf(leaves, 1).Ebx, Leaf(leaves, 1).Edx));
        Assert.Equal((0x121u, 5u), (Leaf(leaves, 4).Eax & 0xFFFu, Leaf(leaves, 4).Ebx));
        Assert.Equal(0u, Leaf(leaves, 4).Eax >> 14);
        Assert.Equal((0u, 1u, 0x100u, 3u), Registers(Leaf(leaves, 0xB)));
        Assert.Equal((0u, 0u, 1u, 3u), Registers(leaves.Last(leaf => leaf.Function == 0xB)));
        Assert.Equal(0u, Leaf(leaves, 0x8000_0008).Ecx & 0xF0FF);
        Assert.Equal((3u, 0u, 9u), (Leaf(leaves, 0x8000_001E).Eax, Leaf(leaves, 0x8000_001E).Ebx, Leaf(leaves, 0x8000_001E).Ecx));
        Assert.Equal((0x1Fu, 1u, 2u, 3u), Registers(Leaf(leaves, 0)));
    }

    private static KvmCpuidEntry Leaf(KvmCpuidEntry[] leaves, uint function) => leaves.First(leaf => leaf.Function == function);

    private static (uint, uint, uint, uint) Registers(KvmCpuidEntry leaf) => (leaf.Eax, leaf.Ebx, leaf.Ecx, leaf.Edx);
}
