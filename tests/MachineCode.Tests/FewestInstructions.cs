// The shortest way through a method, in instructions: what its hot path takes at the least, calls between listed methods included.
// Found by going on from the shortest way so far (Dijkstra), every branch both ways.

using Iced.Intel;

namespace VmBus.MachineCode.Tests;

/// <summary>Counts the instructions of the shortest route that exchanges a word with memory once: that publishes.</summary>
/// <param name="listing">The code.</param>
/// <param name="isRare">Calls that no route makes.</param>
internal sealed class FewestInstructions(CodeListing listing, Func<CompiledMethod, bool>? isRare = null)
{
    private readonly Dictionary<CompiledMethod, int?[]> _known = [];

    /// <summary>The fewest instructions from entry to return with one exchange; <see langword="null"/> when no route has just one.</summary>
    public int? ToPublish(CompiledMethod method) => Through(method)[1];

    // By exchanges on the route: 0 or 1.
    private int?[] Through(CompiledMethod method)
    {
        if (_known.TryGetValue(method, out int?[]? done))
            return done;
        _known[method] = new int?[2];   // what a method that calls itself finds: no way
        int?[] exits = new int?[2];
        HashSet<(int, int)> left = [];
        PriorityQueue<(int At, int Exchanges), int> open = new();
        open.Enqueue((0, 0), 0);
        while (open.TryDequeue(out (int At, int Exchanges) now, out int length))
        {
            if (!left.Add(now))
                continue;
            Instruction instruction = method.Instructions[now.At];
            foreach ((int exchanges, int more) in Costs(method, instruction))
            {
                int sum = now.Exchanges + exchanges;
                if (sum > 1)
                    continue;
                foreach (int? next in Routes.Next(method, now.At))
                {
                    if (next is { } at)
                        open.Enqueue((at, sum), length + more);
                    else
                        exits[sum] = Math.Min(exits[sum] ?? int.MaxValue, length + more);
                }
            }
        }

        return _known[method] = exits;
    }

    private IEnumerable<(int Exchanges, int Length)> Costs(CompiledMethod method, Instruction instruction)
    {
        if (listing.Callee(method, instruction) is not { } callee)
            return [(Routes.IsExchange(instruction) ? 1 : 0, 1)];
        if (isRare?.Invoke(callee) == true)
            return [];
        return Through(callee).Index().Where(way => way.Item is not null).Select(way => (way.Index, 1 + way.Item!.Value));
    }
}
