// What a guest tells of itself as a whole. Mirrors KVM_SYSTEM_EVENT_*.

namespace VmBus.Interop;

/// <summary>What happens to the whole guest.</summary>
internal enum KvmSystemEvent : uint
{
    /// <summary><c>KVM_SYSTEM_EVENT_SHUTDOWN</c>: it wants to be ended.</summary>
    Shutdown = 1,

    /// <summary><c>KVM_SYSTEM_EVENT_RESET</c>: it wants to begin anew.</summary>
    Reset = 2,

    /// <summary><c>KVM_SYSTEM_EVENT_CRASH</c>: it wrote Hyper-V's crash registers.</summary>
    Crash = 3,
}
