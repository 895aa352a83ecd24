// One virtual processor. Mirrors the virtual-processor calls of winhvplatform.h.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// A virtual processor. It belongs to the thread that runs it, except <see cref="Cancel"/>, which any thread may call.
/// </summary>
[SupportedOSPlatform("windows")]
internal sealed unsafe class WhpVp : WhpPart
{
    /// <summary>The most registers that are read or written at once.</summary>
    public const int RegistersAtOnce = 16;

    // As the C type is aligned, which neither the heap nor a stack of managed frames promises.
    private const int Alignment = 16;

    private readonly WhpExit* _exit = (WhpExit*)NativeMemory.AlignedAlloc((nuint)sizeof(WhpExit), Alignment);

    internal WhpVp(WhpVm vm, int index) : base(vm, index) => Index = index;

    /// <summary>Its index.</summary>
    public int Index { get; }

    /// <summary>Runs the guest until it needs something.</summary>
    /// <returns>What, valid until the next run.</returns>
    /// <exception cref="WhpException">The platform refused.</exception>
    public ref readonly WhpExit Run()
    {
        WhpException.ThrowIfFailed(WhpNative.RunVirtualProcessor(Vm, (uint)Index, _exit, (uint)sizeof(WhpExit)), $"WHvRunVirtualProcessor of VP {Index}");
        return ref *_exit;
    }

    /// <summary>Has the run that is under way come back, or the next one if there is none.</summary>
    /// <exception cref="WhpException">The platform refused.</exception>
    public void Cancel() =>
        WhpException.ThrowIfFailed(WhpNative.CancelRunVirtualProcessor(Vm, (uint)Index, 0), $"WHvCancelRunVirtualProcessor of VP {Index}");

    /// <summary>Reads registers.</summary>
    /// <param name="registers">Which: at most <see cref="RegistersAtOnce"/>.</param>
    /// <param name="values">Filled, as many.</param>
    /// <exception cref="WhpException">The platform refused.</exception>
    public void GetRegisters(ReadOnlySpan<WhpRegister> registers, Span<WhpRegisterValue> values)
    {
        CheckCount(registers, values.Length);
        byte* memory = stackalloc byte[RegistersAtOnce * sizeof(WhpRegisterValue) + Alignment];
        var aligned = new Span<WhpRegisterValue>(Align(memory), registers.Length);
        fixed (WhpRegister* names = registers)
            WhpException.ThrowIfFailed(WhpNative.GetRegisters(Vm, (uint)Index, names, (uint)registers.Length, Align(memory)), $"WHvGetVirtualProcessorRegisters of VP {Index}");
        aligned.CopyTo(values);
    }

    /// <summary>Writes registers.</summary>
    /// <param name="registers">Which: at most <see cref="RegistersAtOnce"/>.</param>
    /// <param name="values">What, as many.</param>
    /// <exception cref="WhpException">The platform refused.</exception>
    public void SetRegisters(ReadOnlySpan<WhpRegister> registers, ReadOnlySpan<WhpRegisterValue> values)
    {
        CheckCount(registers, values.Length);
        byte* memory = stackalloc byte[RegistersAtOnce * sizeof(WhpRegisterValue) + Alignment];
        values.CopyTo(new Span<WhpRegisterValue>(Align(memory), registers.Length));
        fixed (WhpRegister* names = registers)
            WhpException.ThrowIfFailed(WhpNative.SetRegisters(Vm, (uint)Index, names, (uint)registers.Length, Align(memory)), $"WHvSetVirtualProcessorRegisters of VP {Index}");
    }

    private protected override int Delete(nint partition, nint part)
    {
        NativeMemory.AlignedFree(_exit);
        return WhpNative.DeleteVirtualProcessor(partition, (uint)part);
    }

    private static WhpRegisterValue* Align(byte* memory) => (WhpRegisterValue*)((nuint)(memory + Alignment - 1) & ~(nuint)(Alignment - 1));

    private static void CheckCount(ReadOnlySpan<WhpRegister> registers, int values)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(registers.Length, RegistersAtOnce, nameof(registers));
        if (values != registers.Length)
            throw new ArgumentException($"There are {registers.Length} registers and {values} values.", nameof(values));
    }
}
