// Registers of a VP. Mirrors WHV_REGISTER_NAME (winhvplatformdefs.h).

namespace VmBus.Interop;

/// <summary>A register of a VP: <c>WHV_REGISTER_NAME</c>. Only those used here have names; others can be cast.</summary>
internal enum WhpRegister : uint
{
    /// <summary><c>WHvX64RegisterRax</c>.</summary>
    Rax = 0,

    /// <summary><c>WHvX64RegisterRcx</c>.</summary>
    Rcx = 1,

    /// <summary><c>WHvX64RegisterRdx</c>.</summary>
    Rdx = 2,

    /// <summary><c>WHvX64RegisterRbx</c>.</summary>
    Rbx = 3,

    /// <summary><c>WHvX64RegisterRip</c>.</summary>
    Rip = 0x10,

    /// <summary><c>WHvX64RegisterRflags</c>.</summary>
    Rflags = 0x11,

    /// <summary><c>WHvRegisterScontrol</c>: see <c>SynicMsr</c>.</summary>
    Scontrol = 0x4010,

    /// <summary><c>WHvRegisterSiefp</c>.</summary>
    Siefp = 0x4012,

    /// <summary><c>WHvRegisterSimp</c>.</summary>
    Simp = 0x4013,

    /// <summary><c>WHvRegisterPendingEvent</c>: bit 0 pending, type in bits 1 to 3, vector in bits 16 to 31.</summary>
    PendingEvent = 0x8000_0002,

    /// <summary>
    /// <c>WHvX64RegisterDeliverabilityNotifications</c>: bits 48 to 63 ask for an exit when the slot of that SINT is free.
    /// </summary>
    DeliverabilityNotifications = 0x8000_0004,
}
