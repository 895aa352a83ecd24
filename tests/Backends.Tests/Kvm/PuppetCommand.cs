namespace VmBus.Backends.Tests.Kvm;

/// <summary>What a VP of a puppet can be told.</summary>
internal enum PuppetCommand : uint
{
    /// <summary>To halt for good, deaf to interrupts.</summary>
    Stop,

    /// <summary>To take what interrupts wait, and come back.</summary>
    Nothing,

    /// <summary>A hypercall: control word, RDX, R8.</summary>
    Hypercall,

    /// <summary>WRMSR: the register, the value.</summary>
    WriteRegister,

    /// <summary>RDMSR: the register.</summary>
    ReadRegister,

    /// <summary>CPUID: leaf, subleaf.</summary>
    Cpuid,

    /// <summary>To write 32 bits: the address, the value.</summary>
    Poke,

    /// <summary>OUT of one byte: the port, the value.</summary>
    WritePort,
}
