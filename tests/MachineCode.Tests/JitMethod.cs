namespace VmBus.MachineCode.Tests;

/// <summary>One version of a method's code in this process.</summary>
internal readonly record struct JitMethod(string Name, ulong Address, int Size, bool IsOptimized);
