// What a method's locked instructions cost on each way through it. A forward walk over the instructions until nothing new
// is found: every branch is taken both ways, calls between listed methods are entered, loops are gone round.

using Iced.Intel;

namespace VmBus.MachineCode.Tests;

/// <summary>The costs of all routes from entry to return.</summary>
/// <param name="listing">The code.</param>
/// <param name="isRare">Calls that a route is not followed into, nor counted when it makes them.</param>
internal sealed class Routes(CodeListing listing, Func<CompiledMethod, bool>? isRare = null)
{
    private readonly Dictionary<CompiledMethod, HashSet<LockedCost>> _known = [];

    /// <summary>The different costs of the routes through a method. One that ends in an exception is none.</summary>
    /// <param name="method">The method.</param>
    public IReadOnlySet<LockedCost> Through(CompiledMethod method)
    {
        if (_known.TryGetValue(method, out HashSet<LockedCost>? done))
            return done;
        _known[method] = [default];     // what a method that calls itself finds
        HashSet<LockedCost> exits = [];
        HashSet<(int, LockedCost)> seen = [(0, default)];
        Queue<(int At, LockedCost Cost)> open = new(seen);
        while (open.TryDequeue(out (int At, LockedCost Cost) now))
        {
            Instruction instruction = method.Instructions[now.At];
            foreach (LockedCost more in Costs(method, instruction))
            {
                LockedCost cost = now.Cost + more;
                foreach (int? next in Next(method, now.At))
                {
                    if (next is null)
                        exits.Add(cost);
                    else if (seen.Add((next.Value, cost)))
                        open.Enqueue((next.Value, cost));
                }
            }
        }

        return _known[method] = exits;
    }

    /// <summary>Whether an instruction locks a cache line.</summary>
    public static bool IsLocked(in Instruction instruction) => instruction.HasLockPrefix || IsExchange(instruction);

    /// <summary>Whether it is the form that hosts which trap the monitor page decode on their fast path.</summary>
    public static bool IsPlainOr(in Instruction instruction) =>
        instruction is { HasLockPrefix: true, Mnemonic: Mnemonic.Or, Op0Kind: OpKind.Memory, Op1Kind: OpKind.Register };

    /// <summary>Whether the method may come by an instruction again after it.</summary>
    public static bool IsInLoop(CompiledMethod method, int at)
    {
        HashSet<int> seen = [];
        Queue<int> open = new([at]);
        while (open.TryDequeue(out int now))
        {
            foreach (int next in Next(method, now).OfType<int>())
            {
                if (next == at)
                    return true;
                if (seen.Add(next))
                    open.Enqueue(next);
            }
        }

        return false;
    }

    /// <summary>Whether it is an <c>xchg</c> with memory.</summary>
    public static bool IsExchange(in Instruction instruction) => instruction.Mnemonic == Mnemonic.Xchg
        && (instruction.Op0Kind == OpKind.Memory || instruction.Op1Kind == OpKind.Memory);

    private IEnumerable<LockedCost> Costs(CompiledMethod method, Instruction instruction)
    {
        if (listing.Callee(method, instruction) is { } callee)
            return isRare?.Invoke(callee) == true ? [] : Through(callee);
        if (!IsLocked(instruction))
            return [default];
        if (IsPlainOr(instruction) && instruction.MemorySize.GetSize() is 4 or 8)
            return [instruction.MemorySize.GetSize() == 4 ? new LockedCost(1, 0, 0, 0) : new LockedCost(0, 1, 0, 0)];
        return [IsExchange(instruction) ? new LockedCost(0, 0, 1, 0) : new LockedCost(0, 0, 0, 1)];
    }

    /// <summary>Where control may go from an instruction; <see langword="null"/> is the way out.</summary>
    public static IEnumerable<int?> Next(CompiledMethod method, int at)
    {
        Instruction instruction = method.Instructions[at];
        int? behind = at + 1 < method.Instructions.Length ? at + 1 : null;
        switch (instruction.FlowControl)
        {
            case FlowControl.Return:
                return [null];
            case FlowControl.Interrupt:
            case FlowControl.Exception:
                return [];      // what compilers put behind a call that does not return
            case FlowControl.ConditionalBranch:
                return [method.IndexOf(instruction.NearBranchTarget), behind];
            case FlowControl.UnconditionalBranch:
                return [method.IndexOf(instruction.NearBranchTarget)];
            case FlowControl.IndirectBranch when instruction.Op0Kind == OpKind.Register:
                return JumpTable(method);
            case FlowControl.IndirectBranch:
                return [null];
            default:
                return behind is null ? [] : [behind];
        }
    }

    // The table lies elsewhere. What it leads to has nothing before it that would fall into it.
    private static IEnumerable<int?> JumpTable(CompiledMethod method) => Enumerable.Range(1, method.Instructions.Length - 1)
        .Where(at => method.Instructions[at - 1].FlowControl is FlowControl.UnconditionalBranch or FlowControl.IndirectBranch or FlowControl.Return)
        .Select(at => (int?)at);
}
