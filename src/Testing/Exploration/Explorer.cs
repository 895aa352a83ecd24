// Every interleaving of a scenario, by breadth first over its states: two schedules that lead to the same state go on in
// the same ways, so each state is gone on from once. The first failure met is one of the shortest there are.

using System.Runtime.InteropServices;

namespace VmBus.Testing;

/// <summary>Explores a scenario under a memory model, to the end or to the first failure.</summary>
internal sealed class Explorer
{
    private readonly Machine _machine;
    private readonly int _limit;
    private readonly Func<StateLayout, byte[], string>? _outcome;
    private readonly Dictionary<UInt128, int> _ids = [];
    private readonly List<(int From, ushort Step)> _cameBy = [];
    private readonly List<(int From, int To)> _edges = [];
    private readonly HashSet<int> _ends = [];
    private readonly SortedSet<string> _outcomes = new(StringComparer.Ordinal);

    private Explorer(Machine machine, int limit, Func<StateLayout, byte[], string>? outcome)
        => (_machine, _limit, _outcome) = (machine, limit, outcome);

    /// <summary>Explores.</summary>
    /// <param name="scenario">What.</param>
    /// <param name="model">Under which order.</param>
    /// <param name="limit">States at the most; more are an error, never a silent end.</param>
    /// <param name="outcome">What to collect at the ends.</param>
    public static ExplorationResult Run(
        Scenario scenario, MemoryModel model, int limit = 4_000_000, Func<StateLayout, byte[], string>? outcome = null)
    {
        var machine = new Machine(scenario, model);
        ExplorationResult exploration;
        do
            exploration = new Explorer(machine, limit, outcome).Explore();
        while (machine.MustRepeat() && exploration.Failure is null);
        return exploration;
    }

    private ExplorationResult Explore()
    {
        byte[] start = _machine.Start();
        int size = start.Length;
        List<byte> layer = [], next = [];
        _ids.Add(StateLayout.Hash(start), 0);
        _cameBy.Add(default);
        layer.AddRange(start);

        byte[] state = new byte[size];
        byte[] after = new byte[size];
        ushort[] steps = new ushort[128];
        for (int expanded = 0; layer.Count > 0; (layer, next) = (next, layer), next.Clear())
        {
            Span<byte> all = CollectionsMarshal.AsSpan(layer);
            for (int at = 0; at < all.Length; at += size, expanded++)
            {
                all.Slice(at, size).CopyTo(state);
                int count = _machine.Steps(state, steps);
                if (count == 0 && AtEnd(state, expanded) is { } stuck)
                    return Result(stuck, ScheduleTo(expanded));

                for (int i = 0; i < count; i++)
                {
                    state.CopyTo(after, 0);
                    _machine.Apply(after, steps[i]);
                    ref int id = ref CollectionsMarshal.GetValueRefOrAddDefault(_ids, StateLayout.Hash(after), out bool known);
                    if (!known)
                    {
                        id = _cameBy.Count;
                        _cameBy.Add((expanded, steps[i]));
                        next.AddRange(after);
                        if (id >= _limit)
                            throw new InvalidOperationException($"More than {_limit} states.");
                    }

                    _edges.Add((expanded, id));
                    if (!known && _machine.FailureIn(after) is { } failure)
                        return Result(failure, ScheduleTo(id));
                }
            }
        }

        return Result(null, []);
    }

    private string? AtEnd(byte[] state, int id)
    {
        if (!_machine.IsPossible(state))
            return null;
        if (_machine.WrongAtEnd(state) is { } wrong)
            return wrong;
        _ends.Add(id);
        if (_outcome is not null)
            _outcomes.Add(_outcome(_machine.Layout, state));
        return null;
    }

    private ExplorationResult Result(string? failure, IReadOnlyList<string> schedule)
        => new(_cameBy.Count, _edges.Count, failure is null ? CountExecutions() : 0, failure, schedule, _outcomes);

    /// <summary>Ways from the start to the ends; each state's are counted when those of all states before it are.</summary>
    private double CountExecutions()
    {
        int[] first = new int[_cameBy.Count + 1];
        int[] before = new int[_cameBy.Count];
        foreach ((int from, int to) in _edges)
        {
            first[from + 1]++;
            before[to]++;
        }

        for (int i = 1; i < first.Length; i++)
            first[i] += first[i - 1];

        // States are expanded in the order of their ids, so the edges already lie in the order of where they begin.
        double[] ways = new double[_cameBy.Count];
        ways[0] = 1;
        Stack<int> ready = new([0]);
        double ends = 0;
        int counted = 0;
        while (ready.TryPop(out int state))
        {
            counted++;
            if (_ends.Contains(state))
                ends += ways[state];
            for (int e = first[state]; e < first[state + 1]; e++)
            {
                int to = _edges[e].To;
                ways[to] += ways[state];
                if (--before[to] == 0)
                    ready.Push(to);
            }
        }

        return counted == _cameBy.Count ? ends : double.PositiveInfinity;
    }

    private List<string> ScheduleTo(int id)
    {
        Stack<ushort> steps = [];
        for (; id != 0; id = _cameBy[id].From)
            steps.Push(_cameBy[id].Step);

        List<string> lines = [];
        byte[] state = _machine.Start();
        ushort[] possible = new ushort[128];
        foreach (ushort step in steps)
        {
            _machine.Steps(state, possible);
            lines.Add(_machine.Describe(state, step));
            _machine.Apply(state, step);
        }

        return lines;
    }
}
