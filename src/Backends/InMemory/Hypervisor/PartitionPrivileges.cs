// What a partition may ask of the hypervisor. Mirrors HV_PARTITION_PRIVILEGE_MASK (CPUID leaf 0x40000003: EAX in the
// low half, EBX in the high half).

namespace VmBus.InMemory;

/// <summary>The privileges that VMBus needs, at their places in <c>HV_PARTITION_PRIVILEGE_MASK</c>.</summary>
[Flags]
internal enum PartitionPrivileges : ulong
{
    /// <summary>No privilege.</summary>
    None = 0,

    /// <summary><c>AccessSynicRegs</c>, EAX bit 2: the SynIC's registers.</summary>
    AccessSynicMsrs = 1UL << 2,

    /// <summary><c>PostMessages</c>, EBX bit 4.</summary>
    PostMessages = 1UL << 36,

    /// <summary><c>SignalEvents</c>, EBX bit 5.</summary>
    SignalEvents = 1UL << 37,

    /// <summary>All of the above.</summary>
    All = AccessSynicMsrs | PostMessages | SignalEvents,
}
