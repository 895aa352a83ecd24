namespace VmBus.MachineCode.Tests;

/// <summary>Who makes machine code of the library.</summary>
public enum Compiler
{
    /// <summary>The JIT with everything optimized at once (<c>TieredCompilation=0</c>).</summary>
    Jit,

    /// <summary>The JIT as it is by default: optimized again by what it saw running.</summary>
    TieredJit,

    /// <summary>NativeAOT.</summary>
    Aot,
}
