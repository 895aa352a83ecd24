// What a user describes of the explorer: cells, threads as lists of steps, and what must hold at the end.

namespace VmBus.Testing;

/// <summary>
/// A few threads with a few shared cells, explored over every interleaving under a <see cref="MemoryModel"/>. For lock-free code
/// that is small enough to express as memory accesses. Use it on one thread.
/// </summary>
/// <remarks>
/// The code of a step runs many times. It must depend only on the results of its accesses, and no loop can depend on them:
/// wait with <see cref="ModelThread.Until"/>, <see cref="ModelThread.Take"/> or <see cref="ModelThread.Lock"/>. A step makes at
/// most 16 accesses. A thread keeps state between steps in cells.
/// </remarks>
public sealed class InterleavingScenario
{
    private readonly List<string> _cells = [];
    private readonly List<byte> _initial = [];
    private readonly List<(string Name, Func<ModelThread, bool>[] Steps)> _threads = [];

    /// <summary>
    /// Checks the cells at the end of an interleaving and returns an error; <see langword="null"/> if they are correct. An
    /// interleaving ends when no thread can continue; a thread that still waits then is a failure.
    /// </summary>
    public Func<ReadOnlySpan<byte>, string?>? CheckEnd { get; init; }

    /// <summary>Adds a cell of shared memory: one byte.</summary>
    /// <param name="name">Its name in schedules.</param>
    /// <param name="initialValue">Its initial value.</param>
    /// <returns>Its number, for the methods of <see cref="ModelThread"/>.</returns>
    /// <exception cref="InvalidOperationException">There are already 200 cells.</exception>
    public int AddCell(string name, byte initialValue = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (_cells.Count == 200)
            throw new InvalidOperationException("A scenario has at most 200 cells.");
        _cells.Add(name);
        _initial.Add(initialValue);
        return _cells.Count - 1;
    }

    /// <summary>Adds a thread whose steps run once, in order.</summary>
    /// <param name="name">Its name in schedules.</param>
    /// <param name="steps">Its code: usually one step; use several for more than 16 accesses.</param>
    /// <exception cref="InvalidOperationException">There are already four threads.</exception>
    public void AddThread(string name, params Action<ModelThread>[] steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        Add(name, [.. steps.Select(Once)]);

        static Func<ModelThread, bool> Once(Action<ModelThread> step)
        {
            ArgumentNullException.ThrowIfNull(step);
            return thread =>
            {
                step(thread);
                return false;
            };
        }
    }

    /// <summary>Adds a thread that runs a loop: it repeats one step while the step returns <see langword="true"/>.</summary>
    /// <param name="name">Its name in schedules.</param>
    /// <param name="step">One iteration of the loop.</param>
    /// <exception cref="InvalidOperationException">There are already four threads.</exception>
    public void AddLoop(string name, Func<ModelThread, bool> step)
    {
        ArgumentNullException.ThrowIfNull(step);
        Add(name, [step]);
    }

    /// <summary>
    /// Explores every interleaving, to the end or to the first failure. The work grows quickly with threads and accesses.
    /// </summary>
    /// <param name="model">How accesses can be reordered.</param>
    /// <param name="maxStates">The maximum number of states.</param>
    /// <returns>The result; check <see cref="ExplorationResult.Failure"/> first.</returns>
    /// <exception cref="InvalidOperationException">
    /// There are more than <paramref name="maxStates"/> states, a step makes too many accesses or loops on the result of one, or a
    /// cell with plain loads takes more than 16 values under <see cref="MemoryModel.Weak"/>.
    /// </exception>
    public ExplorationResult Explore(MemoryModel model, int maxStates = 1_000_000) =>
        Explorer.Run(
            new Scenario("scenario", [.. _cells], [.. _threads.Select(thread => new Stepped(thread.Name, thread.Steps, _cells.Count))])
            {
                Initial = [.. _initial],
                Watch = CheckEnd is null ? null : new EndWatch(CheckEnd, _cells.Count),
            },
            model, maxStates);

    private void Add(string name, Func<ModelThread, bool>[] steps)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        // Each thread has 32 kinds of steps in a table of 128.
        if (_threads.Count == 4)
            throw new InvalidOperationException("A scenario has at most four threads.");
        _threads.Add((name, steps));
    }

    /// <summary>Runs its steps; the first of its locals is the number of the next one.</summary>
    private sealed class Stepped : Actor
    {
        private readonly Func<ModelThread, bool>[] _steps;

        public Stepped(string name, Func<ModelThread, bool>[] steps, int cells)
            : base(name)
        {
            _steps = steps;
            Thread.CellCount = cells;
        }

        public override bool Run(Span<byte> locals)
        {
            if (locals[0] == _steps.Length)
                return false;
            if (!_steps[locals[0]](Thread))
                locals[0]++;
            return locals[0] < _steps.Length;
        }
    }

    private sealed class EndWatch(Func<ReadOnlySpan<byte>, string?> check, int cells) : Watch
    {
        public override string? Ended(Span<byte> memory) => check(memory[..cells]);
    }
}
