using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VmBus.Interop.Tests.Linux.Kvm;

/// <summary>Every structure of KVM's interface lies as the C compiler lays it out.</summary>
public sealed class KvmLayoutTests
{
    private static readonly string[] Headers = ["linux/kvm.h"];

    // The C name of each field that has one; what is not named here is padding.
    private static readonly Structure[] Structures =
    [
        Of<KvmCpuidEntry>("struct kvm_cpuid_entry2", ("Function", "function"), ("Index", "index"), ("Flags", "flags"), ("Eax", "eax"), ("Ebx", "ebx"), ("Ecx", "ecx"), ("Edx", "edx"),
            ("Padding0", "padding")),
        Of<KvmDescriptorTable>("struct kvm_dtable", ("Base", "base"), ("Limit", "limit"), ("Padding0", "padding")),
        Of<KvmEnableCapability>("struct kvm_enable_cap", ("Capability", "cap"), ("Flags", "flags"), ("Argument0", "args[0]"), ("Argument1", "args[1]"), ("Argument2", "args[2]"),
            ("Argument3", "args[3]"), ("Padding", "pad")),
        Of<KvmHypervEventFd>("struct kvm_hyperv_eventfd", ("ConnectionId", "conn_id"), ("Descriptor", "fd"), ("Flags", "flags"), ("Padding0", "padding")),
        Of<KvmIrqFd>("struct kvm_irqfd", ("Descriptor", "fd"), ("Gsi", "gsi"), ("Flags", "flags"), ("ResampleDescriptor", "resamplefd"), ("Padding0", "pad")),
        Of<KvmIrqLevel>("struct kvm_irq_level", ("Line", "irq"), ("Level", "level")),
        Of<KvmIrqRoute>("struct kvm_irq_routing_entry", ("Gsi", "gsi"), ("Type", "type"), ("Flags", "flags"), ("Padding", "pad"), ("Target", "u.irqchip.irqchip"), ("Pin", "u.irqchip.pin"),
            ("Target", "u.hv_sint.vcpu"), ("Pin", "u.hv_sint.sint")),
        Of<KvmMemoryRegion>("struct kvm_userspace_memory_region", ("Slot", "slot"), ("Flags", "flags"), ("GuestAddress", "guest_phys_addr"), ("Length", "memory_size"),
            ("UserAddress", "userspace_addr")),
        Of<KvmModelRegister>("struct kvm_msr_entry", ("Index", "index"), ("Reserved", "reserved"), ("Value", "data")),
        Of<KvmPitConfig>("struct kvm_pit_config", ("Flags", "flags"), ("Padding0", "pad")),
        Of<KvmRegisters>("struct kvm_regs", [.. SameNames<KvmRegisters>()]),
        Of<KvmSegment>("struct kvm_segment", ("Base", "base"), ("Limit", "limit"), ("Selector", "selector"), ("Type", "type"), ("Present", "present"), ("Dpl", "dpl"), ("DefaultBig", "db"),
            ("IsCodeOrData", "s"), ("LongMode", "l"), ("Granularity", "g"), ("Available", "avl"), ("Unusable", "unusable"), ("Padding", "padding")),
        Of<KvmSpecialRegisters>("struct kvm_sregs", [.. SameNames<KvmSpecialRegisters>().Where(pair => pair.Field is not ("ApicBase" or "InterruptBitmap")),
            ("ApicBase", "apic_base"), ("InterruptBitmap", "interrupt_bitmap")]),
        Of<KvmPadding56>("__u32[14]"),
        Of<KvmPadding64>("((struct kvm_enable_cap *)0)->pad"),
        Of<KvmInterruptBitmap>("((struct kvm_sregs *)0)->interrupt_bitmap"),
    ];

    [Fact]
    public void Sizes_are_the_C_compilers()
    {
        ulong[] sizes = CHeaders.Evaluate(Headers, Structures.Select(structure => $"sizeof({structure.C})"));
        Assert.Equal(Structures.Zip(sizes, (structure, size) => (structure.Type.Name, size)), Structures.Select(structure => (structure.Type.Name, (ulong)structure.Size)));
    }

    [Fact]
    public void Offsets_are_the_C_compilers()
    {
        (Structure Structure, string Field, string C)[] fields =
            [.. Structures.SelectMany(structure => structure.Fields.Select(pair => (structure, pair.Field, pair.C)))];
        ulong[] offsets = CHeaders.Evaluate(Headers, fields.Select(field => $"offsetof({field.Structure.C}, {field.C})"));
        Assert.Equal(
            fields.Zip(offsets, (field, offset) => (field.Structure.Type.Name, field.C, offset)),
            fields.Select(field => (field.Structure.Type.Name, field.C, (ulong)Marshal.OffsetOf(field.Structure.Type, field.Field))));
    }

    [Fact]
    public void Tables_with_a_head_and_entries_have_the_sizes_that_the_code_counts_with()
    {
        Assert.Equal(
            [8, 8, 8, 48, 40, 16],
            CHeaders.Evaluate(Headers, ["sizeof(struct kvm_cpuid2)", "sizeof(struct kvm_irq_routing)", "sizeof(struct kvm_msrs)", "sizeof(struct kvm_irq_routing_entry)",
                "sizeof(struct kvm_cpuid_entry2)", "sizeof(struct kvm_msr_entry)"]));
        Assert.Equal(8, KvmCpuidList.HeaderSize);
        Assert.Equal((48, 40, 16), (Marshal.SizeOf<KvmIrqRoute>(), Marshal.SizeOf<KvmCpuidEntry>(), Marshal.SizeOf<KvmModelRegister>()));
    }

    [Fact]
    public void Every_structure_and_every_public_field_is_checked()
    {
        IEnumerable<Type> structures = typeof(KvmVm).Assembly.GetTypes().Where(type =>
            type.Name.StartsWith("Kvm", StringComparison.Ordinal) && type is { IsValueType: true, IsEnum: false, IsNested: false } && !IsRecord(type));
        Assert.Equal(structures.Select(type => type.Name).Order(), Structures.Select(structure => structure.Type.Name).Order());
        foreach (Structure structure in Structures)
        {
            IEnumerable<string> fields = structure.Type.GetFields(BindingFlags.Instance | BindingFlags.Public).Select(field => field.Name);
            Assert.Empty(fields.Except(structure.Fields.Select(pair => pair.Field)));
        }
    }

    // What is read out of struct kvm_run has no layout of its own.
    private static bool IsRecord(Type type) => type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic) is not null;

    private static IEnumerable<(string Field, string C)> SameNames<T>() =>
        typeof(T).GetFields(BindingFlags.Instance | BindingFlags.Public).Select(field => (field.Name, field.Name.ToLowerInvariant()));

    private static Structure Of<T>(string c, params (string Field, string C)[] fields) where T : unmanaged => new(typeof(T), c, Unsafe.SizeOf<T>(), fields);

    private sealed record Structure(Type Type, string C, int Size, (string Field, string C)[] Fields);
}
