namespace VmBus.MachineCode.Tests;

/// <summary>The instructions that lock a cache line on one route through a method, each kind counted up to <see cref="Many"/>.</summary>
/// <param name="Or32">32-bit <c>lock or [memory], register</c>: the monitor page's.</param>
/// <param name="Or64">64-bit <c>lock or [memory], register</c>: the interrupt page's.</param>
/// <param name="Exchanges"><c>xchg</c> with memory.</param>
/// <param name="Others">Anything else that locks, and an OR of another form.</param>
internal readonly record struct LockedCost(int Or32, int Or64, int Exchanges, int Others)
{
    /// <summary>As many or more: counting ends here, so that loops come to an end.</summary>
    public const int Many = 3;

    public static LockedCost operator +(LockedCost one, LockedCost other) => new(
        Math.Min(one.Or32 + other.Or32, Many),
        Math.Min(one.Or64 + other.Or64, Many),
        Math.Min(one.Exchanges + other.Exchanges, Many),
        Math.Min(one.Others + other.Others, Many));
}
