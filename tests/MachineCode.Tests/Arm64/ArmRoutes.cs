namespace VmBus.MachineCode.Tests.Arm64;

/// <summary>What orders memory on one route through a method, each kind counted up to <see cref="Many"/>.</summary>
/// <param name="Or32">32-bit <c>ldsetal</c>: the monitor page's.</param>
/// <param name="Or64">64-bit <c>ldsetal</c>: the interrupt page's.</param>
/// <param name="Exchanges"><c>swpal</c>.</param>
/// <param name="Others">Other atomics.</param>
/// <param name="Fences"><c>dmb ish</c>: without LSE one behind each atomic.</param>
internal readonly record struct ArmCost(int Or32, int Or64, int Exchanges, int Others, int Fences)
{
    /// <summary>As many or more: counting ends here, so that loops come to an end.</summary>
    public const int Many = 3;

    public int All => Or32 + Or64 + Exchanges + Others + Fences;

    public static ArmCost operator +(ArmCost one, ArmCost other) => new(
        Math.Min(one.Or32 + other.Or32, Many),
        Math.Min(one.Or64 + other.Or64, Many),
        Math.Min(one.Exchanges + other.Exchanges, Many),
        Math.Min(one.Others + other.Others, Many),
        Math.Min(one.Fences + other.Fences, Many));

    public static ArmCost Of(ArmInstruction instruction) => instruction switch
    {
        { IsFence: true } => new(0, 0, 0, 0, 1),
        { Family: "ldset", Is64: false } => new(1, 0, 0, 0, 0),
        { Family: "ldset" } => new(0, 1, 0, 0, 0),
        { Family: "swp" } => new(0, 0, 1, 0, 0),
        { IsAtomic: true } => new(0, 0, 0, 1, 0),
        _ => default,
    };
}

/// <summary>The costs of all routes from entry to return: every branch both ways, known calls entered.</summary>
/// <param name="listing">The code.</param>
/// <param name="isRare">Calls that a route is not followed into, nor counted when it makes them; null is one that the listing has no code of.</param>
internal sealed class ArmRoutes(ArmListing listing, Func<ArmMethod?, bool> isRare)
{
    private readonly Dictionary<ArmMethod, HashSet<ArmCost>> _known = [];

    public IReadOnlySet<ArmCost> Through(ArmMethod method)
    {
        if (_known.TryGetValue(method, out HashSet<ArmCost>? done))
            return done;
        _known[method] = [default];     // what a method that calls itself finds
        HashSet<ArmCost> exits = [];
        HashSet<(int, ArmCost)> seen = [(0, default)];
        Queue<(int At, ArmCost Cost)> open = new(seen);
        while (open.TryDequeue(out (int At, ArmCost Cost) now))
        {
            ArmInstruction instruction = method.Instructions[now.At];
            foreach (ArmCost more in Costs(method, instruction))
            {
                ArmCost cost = now.Cost + more;
                foreach (int next in method.Next(now.At))
                {
                    if (next < 0)
                        exits.Add(cost);
                    else if (seen.Add((next, cost)))
                        open.Enqueue((next, cost));
                }
            }
        }

        return _known[method] = exits;
    }

    /// <summary>The first instructions of a kind on every way on from one; an empty way out is null.</summary>
    public static IEnumerable<ArmInstruction?> FirstAfter(ArmMethod method, int at, Func<ArmInstruction, bool> isSought)
    {
        HashSet<int> seen = [];
        Queue<int> open = new(method.Next(at));
        while (open.TryDequeue(out int now))
        {
            if (now < 0)
            {
                yield return null;
                continue;
            }

            if (!seen.Add(now))
                continue;
            if (isSought(method.Instructions[now]))
            {
                yield return method.Instructions[now];
                continue;
            }

            foreach (int next in method.Next(now))
                open.Enqueue(next);
        }
    }

    private IEnumerable<ArmCost> Costs(ArmMethod method, ArmInstruction instruction)
    {
        if (!instruction.IsCall && !instruction.IsTailCall)
            return [ArmCost.Of(instruction)];
        ArmMethod? callee = listing.Callee(method, instruction);
        return isRare(callee) ? [] : callee is null ? [default] : Through(callee);
    }
}
