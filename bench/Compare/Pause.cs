using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace VmBus.Compare;

/// <summary>What every contender does between two looks: one <c>pause</c>, as C's <c>_mm_pause</c>.</summary>
internal static class Pause
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Once()
    {
        if (X86Base.IsSupported)
            X86Base.Pause();
        else
            Thread.SpinWait(1);
    }
}
