using System.Diagnostics;

namespace VmBus.Testing;

/// <summary>A scenario under a memory model: which steps each state allows, and what each of them makes of it.</summary>
/// <remarks>
/// A plain load that the weak model delays must have a value before it is performed, since the program goes on with it.
/// The value is foretold: one step for each value that the cell ever holds. When the load is performed it must find that
/// value; a schedule in which it never does is none, and whatever happened in it counts for nothing.
/// </remarks>
internal sealed class Machine
{
    private const int StepsAThread = 32;
    private const int FirstPerform = 16;

    private readonly Scenario _scenario;
    private readonly MemoryModel _model;
    private readonly StateLayout _layout;
    private readonly Access?[] _pending;
    private readonly List<byte>[] _values;      // what each cell has ever held or been going to hold
    private readonly List<string> _failures = [];
    private bool _foretold;
    private bool _learned;

    public Machine(Scenario scenario, MemoryModel model)
    {
        _scenario = scenario;
        _model = model;
        _layout = new StateLayout(scenario.Cells.Count, scenario.Actors.Count);
        _pending = new Access?[scenario.Actors.Count];
        _values = [.. Enumerable.Range(0, scenario.Cells.Count).Select(c => new List<byte> { InitialValue(c) })];
    }

    public StateLayout Layout => _layout;

    /// <summary>
    /// Whether loads were foretold from fewer values than are known now: the exploration must be done again. Reading it
    /// starts the next one.
    /// </summary>
    public bool MustRepeat()
    {
        bool repeat = _foretold && _learned;
        _foretold = _learned = false;
        return repeat;
    }

    public byte[] Start()
    {
        byte[] state = new byte[_layout.Size];
        for (int c = 0; c < _scenario.Cells.Count; c++)
            state[c] = InitialValue(c);
        for (int t = 0; t < _scenario.Actors.Count; t++)
            RunOn(state, t);
        return state;
    }

    /// <summary>Lists the steps that a state allows. <see cref="Apply"/> takes them, on this state or a copy of it.</summary>
    public int Steps(Span<byte> state, Span<ushort> steps)
    {
        int count = 0;
        Span<byte> locals = stackalloc byte[StateLayout.Locals];
        for (int t = 0; t < _pending.Length; t++)
        {
            _pending[t] = null;
            if (_layout.Ended(state, t) == 0)
            {
                Replay(state, t, locals);
                Access access = _scenario.Actors[t].Thread.Pending;
                _pending[t] = access;
                int issues = Issues(state, t, access);
                for (int i = 0; i < issues; i++)
                    steps[count++] = (ushort)(t * StepsAThread + i);
            }

            int window = _layout.WindowCount(state, t);
            for (int i = 0; i < window; i++)
            {
                if (CanPerform(state, t, i))
                    steps[count++] = (ushort)(t * StepsAThread + FirstPerform + i);
            }
        }

        return count;
    }

    public void Apply(Span<byte> state, int step)
    {
        int thread = step / StepsAThread;
        int which = step % StepsAThread;
        if (which < FirstPerform)
            Pass(state, thread, _pending[thread]!.Value, which);
        else
            Perform(state, thread, which - FirstPerform);
    }

    /// <summary>What went wrong, unless it happened while a foretold value had not come true yet.</summary>
    public string? FailureIn(Span<byte> state)
    {
        for (int t = 0; t < _pending.Length; t++)
        {
            if (_layout.FailureOf(state, t) != 0 && IsPossible(state))
                return $"{_scenario.Actors[t].Name}: {_failures[_layout.FailureOf(state, t) - 1]}";
        }

        return null;
    }

    /// <summary>Whether every foretold value has come true.</summary>
    public bool IsPossible(Span<byte> state)
    {
        for (int t = 0; t < _pending.Length; t++)
        {
            if (IsForetelling(state, t))
                return false;
        }

        return true;
    }

    /// <summary>What is wrong with a state without steps: which thread waits forever, or what the watch finds.</summary>
    public string? WrongAtEnd(Span<byte> state)
    {
        List<string>? stuck = null;
        for (int t = 0; t < _pending.Length; t++)
        {
            if (_layout.Ended(state, t) == 0 && !_scenario.Actors[t].IsDaemon)
                (stuck ??= []).Add($"{_scenario.Actors[t].Name} waits for {_scenario.Cells[_pending[t]!.Value.Cell]} forever");
        }

        return stuck is null ? _scenario.Watch?.Ended(_layout.Cells(state)) : string.Join("; ", stuck);
    }

    /// <summary>One step in words; to be asked before the step is applied.</summary>
    public string Describe(Span<byte> state, int step)
    {
        int thread = step / StepsAThread;
        int which = step % StepsAThread;
        string who = _scenario.Actors[thread].Name;
        Span<byte> cells = _layout.Cells(state);
        if (which >= FirstPerform)
        {
            Access late = _layout.InWindow(state, thread, which - FirstPerform);
            string name = _scenario.Cells[late.Cell];
            return late.IsStore
                ? $"        {who}'s {name}={late.Value} becomes visible"
                : $"        {who}'s load of {name} is performed: {cells[late.Cell]}";
        }

        Access access = _pending[thread]!.Value;
        if (access.Kind == AccessKind.Note)
            return $"{who}: {_scenario.Watch?.Describe(access) ?? access.ToString()}";
        if (access.Kind == AccessKind.Fence)
            return $"{who}: fence";

        string cell = _scenario.Cells[access.Cell];
        byte now = cells[access.Cell];
        bool waits = Waits(access);
        bool own = TryForward(state, thread, access.Cell, out byte forwarded);
        return who + ": " + access.Kind switch
        {
            AccessKind.Store or AccessKind.Release => $"store {cell}={access.Value}{(waits ? " (held back)" : "")}",
            AccessKind.Consume => $"load {cell}, which should be {access.Value}{(waits && !own ? " (held back)" : $": {(own ? forwarded : now)}")}",
            AccessKind.Load or AccessKind.FreeLoad or AccessKind.Acquire or AccessKind.Until =>
                $"load {cell}: {(own ? $"{forwarded}, its own" : waits ? $"{_values[access.Cell][which]} (performed later)" : now)}",
            AccessKind.Exchange => $"exchange {cell}={access.Value}, was {now}",
            AccessKind.CompareExchange => $"compare and exchange {cell}={access.Value} if {access.Comparand}, was {now}",
            AccessKind.Add => $"add {cell}+={access.Value}, was {now}",
            AccessKind.Or => $"or {cell}|={access.Value}, was {now}",
            AccessKind.Take => $"wakes by {cell}={now}",
            _ => $"takes {cell}",
        };
    }

    private byte InitialValue(int cell) => cell < _scenario.Initial.Count ? _scenario.Initial[cell] : (byte)0;

    private bool Replay(Span<byte> state, int thread, Span<byte> locals)
    {
        Actor actor = _scenario.Actors[thread];
        _layout.LocalsOf(state, thread).CopyTo(locals);
        actor.Thread.Begin(_layout.ResultsOf(state, thread)[.._layout.ResultCount(state, thread)]);
        return actor.Run(locals);
    }

    /// <summary>Runs a thread through whole segments up to its next access.</summary>
    private void RunOn(Span<byte> state, int thread)
    {
        ModelThread model = _scenario.Actors[thread].Thread;
        Span<byte> locals = stackalloc byte[StateLayout.Locals];
        for (int segment = 0; segment < 1000; segment++)
        {
            bool goesOn = Replay(state, thread, locals);
            if (model.Failure is { } why)
                Fail(state, thread, why);
            if (model.Stopped)
                return;
            locals.CopyTo(_layout.LocalsOf(state, thread));
            _layout.ResultsOf(state, thread)[.._layout.ResultCount(state, thread)].Clear();
            _layout.ResultCount(state, thread) = 0;
            if (!goesOn)
            {
                _layout.Ended(state, thread) = 1;
                return;
            }
        }

        throw new InvalidOperationException($"{_scenario.Actors[thread].Name} runs forever without an access.");
    }

    /// <summary>In how many ways a thread can pass its next access now: none when it must wait.</summary>
    private int Issues(Span<byte> state, int thread, in Access access)
    {
        if (access.IsFence)
        {
            byte value = _layout.Cells(state)[access.Cell];
            bool ready = access.Kind switch { AccessKind.Take => value != 0, AccessKind.Lock => value == 0, _ => true };
            return ready && _layout.WindowCount(state, thread) == 0 ? 1 : 0;
        }

        if (access.Kind is AccessKind.Store or AccessKind.Release or AccessKind.Consume or AccessKind.Note)
            return 1;
        bool own = TryForward(state, thread, access.Cell, out byte seen);
        if (access.Kind == AccessKind.Until && (own ? seen : _layout.Cells(state)[access.Cell]) == access.Value)
            return 0;
        if (own)
            return 1;
        if (access.Kind is AccessKind.Acquire or AccessKind.Until)
            return MentionsBefore(state, thread, _layout.WindowCount(state, thread), access.Cell) ? 0 : 1;
        if (!Waits(access))
            return 1;
        _foretold = true;
        if (_values[access.Cell].Count > FirstPerform)
            throw new InvalidOperationException($"{_scenario.Cells[access.Cell]} takes more than {FirstPerform} values, and a plain load of it cannot be foretold from as many.");
        return _values[access.Cell].Count;
    }

    private bool Waits(in Access access) => access.Kind switch
    {
        AccessKind.Store or AccessKind.Release => _model != MemoryModel.SequentialConsistency,
        AccessKind.Load or AccessKind.FreeLoad or AccessKind.Consume => _model == MemoryModel.Weak,
        _ => false,
    };

    private bool CanPerform(Span<byte> state, int thread, int index)
    {
        if (_model == MemoryModel.TotalStoreOrder)
            return index == 0;
        Access access = _layout.InWindow(state, thread, index);
        if (access.Kind is AccessKind.Load or AccessKind.FreeLoad && _layout.Cells(state)[access.Cell] != access.Value)
            return false;
        for (int i = 0; i < index; i++)
        {
            Access before = _layout.InWindow(state, thread, i);
            if (before.Cell == access.Cell || access.Kind == AccessKind.Release || (access.IsStore && before.Kind == AccessKind.Load))
                return false;
        }

        return true;
    }

    private bool MentionsBefore(Span<byte> state, int thread, int index, byte cell)
    {
        while (index-- > 0)
        {
            if (_layout.InWindow(state, thread, index).Cell == cell)
                return true;
        }

        return false;
    }

    private bool IsForetelling(Span<byte> state, int thread)
    {
        for (int i = _layout.WindowCount(state, thread) - 1; i >= 0; i--)
        {
            if (_layout.InWindow(state, thread, i).Kind is AccessKind.Load or AccessKind.FreeLoad)
                return true;
        }

        return false;
    }

    /// <summary>The value of the thread's own last store to a cell, while nobody else sees it.</summary>
    private bool TryForward(Span<byte> state, int thread, byte cell, out byte value)
    {
        for (int i = _layout.WindowCount(state, thread) - 1; i >= 0; i--)
        {
            Access before = _layout.InWindow(state, thread, i);
            if (before.IsStore && before.Cell == cell)
            {
                value = before.Value;
                return true;
            }
        }

        value = 0;
        return false;
    }

    private void Pass(Span<byte> state, int thread, in Access access, int which)
    {
        Span<byte> cells = _layout.Cells(state);
        byte result = 0;
        bool changed = false;
        switch (access.Kind)
        {
            case AccessKind.Note or AccessKind.Fence:
                break;
            case AccessKind.Consume:
                if (TryForward(state, thread, access.Cell, out byte own))
                    Check(state, thread, access, own);
                else if (Waits(access))
                    _layout.Append(state, thread, access);
                else
                    Check(state, thread, access, cells[access.Cell]);
                break;
            case AccessKind.Load or AccessKind.FreeLoad or AccessKind.Acquire or AccessKind.Until:
                if (TryForward(state, thread, access.Cell, out result))
                    break;
                if (!Waits(access))
                {
                    result = cells[access.Cell];
                    break;
                }

                result = _values[access.Cell][which];
                _layout.Append(state, thread, access with { Value = result });
                break;
            case AccessKind.Store or AccessKind.Release:
                Learn(access.Cell, access.Value);
                if (Waits(access))
                    _layout.Append(state, thread, access);
                else
                    (cells[access.Cell], changed) = (access.Value, true);
                break;
            default:
                result = cells[access.Cell];
                cells[access.Cell] = access.Kind switch
                {
                    AccessKind.Exchange => access.Value,
                    AccessKind.CompareExchange => result == access.Comparand ? access.Value : result,
                    AccessKind.Add => (byte)(result + access.Value),
                    AccessKind.Or => (byte)(result | access.Value),
                    AccessKind.Take => 0,
                    AccessKind.Lock => 1,
                    _ => throw new UnreachableException(),
                };
                Learn(access.Cell, cells[access.Cell]);
                changed = true;
                break;
        }

        ref byte count = ref _layout.ResultCount(state, thread);
        if (count == StateLayout.Results)
            throw new InvalidOperationException($"{_scenario.Actors[thread].Name} makes more than {StateLayout.Results} accesses in one step: give it several steps.");
        _layout.ResultsOf(state, thread)[count++] = result;
        if (_scenario.Watch?.Passed(cells, thread, access) is { } wrong)
            Fail(state, thread, wrong);
        if (changed)
            _scenario.Watch?.Changed(cells);
        RunOn(state, thread);
    }

    private void Perform(Span<byte> state, int thread, int index)
    {
        Access access = _layout.InWindow(state, thread, index);
        Span<byte> cells = _layout.Cells(state);
        if (access.IsStore)
        {
            cells[access.Cell] = access.Value;
            _scenario.Watch?.Changed(cells);
        }
        else if (access.Kind == AccessKind.Consume)
        {
            Check(state, thread, access, cells[access.Cell]);
        }

        _layout.Remove(state, thread, index);
    }

    private void Check(Span<byte> state, int thread, in Access access, byte found)
    {
        if (found != access.Value)
            Fail(state, thread, $"{_scenario.Cells[access.Cell]} holds {found}, not the {access.Value} that belongs there");
    }

    private void Fail(Span<byte> state, int thread, string why)
    {
        ref byte failure = ref _layout.FailureOf(state, thread);
        if (failure != 0)
            return;
        if (!_failures.Contains(why))
            _failures.Add(why);
        failure = checked((byte)(_failures.IndexOf(why) + 1));
    }

    private void Learn(byte cell, byte value)
    {
        if (_values[cell].Contains(value))
            return;
        _values[cell].Add(value);
        _learned = true;
    }
}
