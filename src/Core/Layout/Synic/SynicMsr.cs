// The x64 registers of a VP's SynIC. Mirrors HV_X64_MSR_SCONTROL and its neighbours (TLFS; Linux asm/hyperv-tlfs.h).

namespace VmBus.Layout;

/// <summary>The model-specific registers of the SynIC on x64, and how many SINTs it has.</summary>
internal static class SynicMsr
{
    /// <summary>How many synthetic interrupt sources a VP has.</summary>
    public const int SintCount = 16;

    /// <summary>The SINT VMBus signals and posts to: <c>VMBUS_MESSAGE_SINT</c>.</summary>
    public const int VmBusSint = 2;

    /// <summary>The SINT VMBus is redirected to in VTL2.</summary>
    public const int VmBusRedirectSint = 7;

    /// <summary><c>HV_X64_MSR_SCONTROL</c>: bit 0 enables the SynIC.</summary>
    public const uint Scontrol = 0x40000080;

    /// <summary><c>HV_X64_MSR_SVERSION</c>: reads as <see cref="Version"/>.</summary>
    public const uint Sversion = 0x40000081;

    /// <summary><c>HV_X64_MSR_SIEFP</c>: where the event-flags page is; see <see cref="SynicPageRegister"/>.</summary>
    public const uint Siefp = 0x40000082;

    /// <summary><c>HV_X64_MSR_SIMP</c>: where the message page is; see <see cref="SynicPageRegister"/>.</summary>
    public const uint Simp = 0x40000083;

    /// <summary><c>HV_X64_MSR_EOM</c>: a write says that a message slot was emptied.</summary>
    public const uint Eom = 0x40000084;

    /// <summary><c>HV_X64_MSR_SIRBP</c>: where the event ring page is; see <see cref="SynicPageRegister"/>.</summary>
    public const uint Sirbp = 0x40000085;

    /// <summary><c>HV_X64_MSR_SINT0</c>: the first of sixteen; see <see cref="SynicSint"/>.</summary>
    public const uint Sint0 = 0x40000090;

    /// <summary><c>HV_X64_MSR_SINT15</c>: the last of sixteen.</summary>
    public const uint Sint15 = 0x4000009F;

    /// <summary>What is added to a register's number to name the same register of the nested hypervisor's SynIC.</summary>
    public const uint NestedOffset = 0x1000;

    /// <summary>Bit 0 of <see cref="Scontrol"/>: the SynIC is enabled.</summary>
    public const ulong ScontrolEnable = 1;

    /// <summary>What <see cref="Sversion"/> reads as.</summary>
    public const ulong Version = 1;
}
