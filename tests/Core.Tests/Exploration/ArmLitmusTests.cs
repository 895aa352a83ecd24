// The weak order of the explorer beside the published one of Armv8 (Arm ARM B2.3; herd's aarch64.cat; Pulte et al., POPL 2018), in the
// primitives of .NET as arm64 has them:
//
//     Volatile.Read           ldapr, without RCpc ldar
//     Volatile.Write          stlr
//     Interlocked.Exchange    swpal, without LSE ldaxr, stlxr, dmb ish
//     Interlocked.MemoryBarrier  dmb ish
//
// A test has the end that it asks for, and whether Armv8 has it. "+" joins what orders each thread, as in the papers: MP+rel+acq.

using VmBus.Testing;
using Xunit;

namespace VmBus.Core.Tests.Exploration;

public class ArmLitmusTests
{
    private const int X = 0;
    private const int Y = 1;
    private const int Z = 2;

    private static readonly Dictionary<string, Litmus> All = new Litmus[]
    {
        // Message passing: the flag is seen, the message is not.
        new("MP", "10", Armv8.Allows, [Write(X), Write(Y)], [Read(Y), Read(X)]),
        new("MP+rel+po", "10", Armv8.Allows, [Write(X), Release(Y)], [Read(Y), Read(X)]),
        new("MP+po+acq", "10", Armv8.Allows, [Write(X), Write(Y)], [Acquire(Y), Read(X)]),
        new("MP+rel+acq", "10", Armv8.Forbids, [Write(X), Release(Y)], [Acquire(Y), Read(X)]),
        new("MP+swap+acq", "10", Armv8.Forbids, [Write(X), Exchange(Y)], [Acquire(Y), Read(X)]),
        new("MP+fence+fence", "10", Armv8.Forbids, [Write(X), Fence, Write(Y)], [Read(Y), Fence, Read(X)]),
        new("MP+fence+swap", "10", Armv8.Forbids, [Write(X), Fence, Write(Y)], [Read(Y), Exchange(Z), Read(X)]),

        // Store buffering: neither sees the other's store. What a writer and a reader that goes to sleep do.
        new("SB", "00", Armv8.Allows, [Write(X), Read(Y)], [Write(Y), Read(X)]),
        new("SB+rel+acq", "00", Armv8.Allows, [Release(X), Acquire(Y)], [Release(Y), Acquire(X)]),
        new("SB+swap+rel", "00", Armv8.Allows, [Exchange(X), Acquire(Y)], [Release(Y), Acquire(X)]),
        new("SB+swap+swap", "00", Armv8.Forbids, [Exchange(X), Read(Y)], [Exchange(Y), Read(X)]),
        new("SB+swap-acq+swap-acq", "00", Armv8.Forbids, [Exchange(X), Acquire(Y)], [Exchange(Y), Acquire(X)]),
        new("SB+swap-elsewhere", "00", Armv8.Forbids, [Write(X), Exchange(Z), Read(Y)], [Write(Y), Exchange(Z), Read(X)]),
        new("SB+fence+fence", "00", Armv8.Forbids, [Write(X), Fence, Read(Y)], [Write(Y), Fence, Read(X)]),
        new("SB+fence+po", "00", Armv8.Allows, [Write(X), Fence, Read(Y)], [Write(Y), Read(X)]),

        // Load buffering: each reads what the other stores later.
        new("LB", "11", Armv8.Allows, [FreeRead(X), Write(Y)], [FreeRead(Y), Write(X)]),
        new("LB+rel+po", "11", Armv8.Allows, [FreeRead(X), Release(Y)], [FreeRead(Y), Write(X)]),
        new("LB+dep+dep", "11", Armv8.Forbids, [Read(X), Write(Y)], [Read(Y), Write(X)]),
        new("LB+acq+acq", "11", Armv8.Forbids, [Acquire(X), Write(Y)], [Acquire(Y), Write(X)]),
        new("LB+rel+rel", "11", Armv8.Forbids, [FreeRead(X), Release(Y)], [FreeRead(Y), Release(X)]),
        new("LB+swap+swap", "11", Armv8.Forbids, [FreeRead(X), Exchange(Y)], [FreeRead(Y), Exchange(X)]),

        // R: a store that is overwritten later, before a load that sees nothing.
        new("R", "0 y=2", Armv8.Allows, [Write(X), Write(Y)], [Write(Y, 2), Read(X)]),
        new("R+rel+acq", "0 y=2", Armv8.Allows, [Write(X), Release(Y)], [Release(Y, 2), Acquire(X)]),
        new("R+rel+fence", "0 y=2", Armv8.Forbids, [Write(X), Release(Y)], [Write(Y, 2), Fence, Read(X)]),
        new("R+swap+swap", "0 y=2", Armv8.Forbids, [Write(X), Exchange(Y)], [Exchange(Y, 2), Read(X)]),
        new("R+fence+fence", "0 y=2", Armv8.Forbids, [Write(X), Fence, Write(Y)], [Write(Y, 2), Fence, Read(X)]),

        // S: the flag is seen, and the store after it comes before the message.
        new("S", "1 x=2", Armv8.Allows, [Write(X, 2), Write(Y)], [FreeRead(Y), Write(X)]),
        new("S+po+dep", "1 x=2", Armv8.Allows, [Write(X, 2), Write(Y)], [Read(Y), Write(X)]),
        new("S+rel+po", "1 x=2", Armv8.Allows, [Write(X, 2), Release(Y)], [FreeRead(Y), Write(X)]),
        new("S+rel+dep", "1 x=2", Armv8.Forbids, [Write(X, 2), Release(Y)], [Read(Y), Write(X)]),
        new("S+rel+acq", "1 x=2", Armv8.Forbids, [Write(X, 2), Release(Y)], [Acquire(Y), Write(X)]),
        new("S+rel+rel", "1 x=2", Armv8.Forbids, [Write(X, 2), Release(Y)], [FreeRead(Y), Release(X)]),

        // 2+2W: both first stores come last.
        new("2+2W", "x=1 y=1", Armv8.Allows, [Write(X), Write(Y, 2)], [Write(Y), Write(X, 2)]),
        new("2+2W+rel+po", "x=1 y=1", Armv8.Allows, [Write(X), Release(Y, 2)], [Write(Y), Write(X, 2)]),
        new("2+2W+rel+rel", "x=1 y=1", Armv8.Forbids, [Write(X), Release(Y, 2)], [Write(Y), Release(X, 2)]),
        new("2+2W+swap+swap", "x=1 y=1", Armv8.Forbids, [Exchange(X), Write(Y, 2)], [Exchange(Y), Write(X, 2)]),

        // ISA2, WRC: a message passed on.
        new("ISA2", "110", Armv8.Allows, [Write(X), Write(Y)], [FreeRead(Y), Write(Z)], [Read(Z), Read(X)]),
        new("ISA2+rel+dep+po", "110", Armv8.Allows, [Write(X), Release(Y)], [Read(Y), Write(Z)], [Read(Z), Read(X)]),
        new("ISA2+rel+dep+acq", "110", Armv8.Forbids, [Write(X), Release(Y)], [Read(Y), Write(Z)], [Acquire(Z), Read(X)]),
        new("ISA2+rel+acq-rel+acq", "110", Armv8.Forbids, [Write(X), Release(Y)], [Acquire(Y), Release(Z)], [Acquire(Z), Read(X)]),
        new("WRC+dep+acq", "110", Armv8.Forbids, [Write(X)], [Read(X), Write(Y)], [Acquire(Y), Read(X)]),
        new("WRC+rel+acq", "110", Armv8.Forbids, [Write(X)], [FreeRead(X), Release(Y)], [Acquire(Y), Read(X)]),
        new("WRC+po+acq", "110", Armv8.Allows, [Write(X)], [FreeRead(X), Write(Y)], [Acquire(Y), Read(X)]),

        // IRIW: two readers see two stores in two orders.
        new("IRIW", "1010", Armv8.Allows, [Write(X)], [Write(Y)], [Read(X), Read(Y)], [Read(Y), Read(X)]),
        new("IRIW+acq+po", "1010", Armv8.Allows, [Write(X)], [Write(Y)], [Acquire(X), Read(Y)], [Read(Y), Read(X)]),
        new("IRIW+acq+acq", "1010", Armv8.Forbids, [Write(X)], [Write(Y)], [Acquire(X), Read(Y)], [Acquire(Y), Read(X)]),
        new("IRIW+fence+fence", "1010", Armv8.Forbids, [Write(X)], [Write(Y)], [Read(X), Fence, Read(Y)], [Read(Y), Fence, Read(X)]),

        // One cell keeps its order.
        new("CoRR", "10", Armv8.Forbids, [Write(X)], [Read(X), Read(X)]),
        new("CoWW", "x=1", Armv8.Forbids, [Write(X), Write(X, 2)]),
        new("CoRW", "1", Armv8.Forbids, [FreeRead(X), Write(X)]),
    }.ToDictionary(litmus => litmus.Name, StringComparer.Ordinal);

    private enum Armv8
    {
        Allows,
        Forbids,
    }

    public static TheoryData<string> Names() => [.. All.Keys];

    /// <summary>
    /// Whatever Armv8 may do the explorer tries, and no more. RCpc is assumed: an acquire load that is an ldar does not pass an
    /// stlr, which would forbid SB+rel+acq and R+rel+acq; nothing here relies on it.
    /// </summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void The_weak_order_has_the_ends_that_Armv8_has(string name)
    {
        Litmus litmus = All[name];
        IReadOnlySet<string> ends = litmus.Ends(MemoryModel.Weak);
        Assert.True(
            litmus.Verdict == Armv8.Allows == ends.Contains(litmus.End),
            $"Armv8 {litmus.Verdict.ToString().ToLowerInvariant()} {litmus.End}; the explorer has {string.Join(", ", ends)}.");
    }

    /// <summary>Each test is about order: in the order of the programs its end is impossible.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void No_such_end_comes_of_the_programs_in_order(string name)
    {
        Litmus litmus = All[name];
        Assert.DoesNotContain(litmus.End, litmus.Ends(MemoryModel.SequentialConsistency));
    }

    private static Op Fence => new(AccessKind.Fence, 0);

    private static Op Write(int cell, byte value = 1) => new(AccessKind.Store, cell, value);

    private static Op Release(int cell, byte value = 1) => new(AccessKind.Release, cell, value);

    private static Op Exchange(int cell, byte value = 1) => new(AccessKind.Exchange, cell, value);

    private static Op Read(int cell) => new(AccessKind.Load, cell);

    // A load on whose value no later store depends.
    private static Op FreeRead(int cell) => new(AccessKind.FreeLoad, cell);

    private static Op Acquire(int cell) => new(AccessKind.Acquire, cell);

    private sealed record Op(AccessKind Kind, int Cell, byte Value = 0)
    {
        public bool IsLoad => Kind is AccessKind.Load or AccessKind.FreeLoad or AccessKind.Acquire;

        public uint Do(ModelThread thread)
        {
            switch (Kind)
            {
                case AccessKind.Store:
                    thread.Store(Cell, Value);
                    return 0;
                case AccessKind.Release:
                    thread.Release(Cell, Value);
                    return 0;
                case AccessKind.Fence:
                    thread.Fence();
                    return 0;
                case AccessKind.Exchange:
                    return thread.Exchange(Cell, Value);
                case AccessKind.Load:
                    return thread.Load(Cell);
                case AccessKind.FreeLoad:
                    return thread.FreeLoad(Cell);
                default:
                    return thread.Acquire(Cell);
            }
        }
    }

    /// <param name="Name">As the papers have it.</param>
    /// <param name="End">What all loads found, thread by thread, then the cells that it names.</param>
    /// <param name="Verdict">Whether Armv8 has that end.</param>
    /// <param name="Threads">What each thread does.</param>
    private sealed record Litmus(string Name, string End, Armv8 Verdict, params Op[][] Threads)
    {
        private static readonly string[] Cells = ["x", "y", "z"];

        public IReadOnlySet<string> Ends(MemoryModel model)
        {
            Straight[] actors = [.. Threads.Select((ops, thread) => new Straight($"thread {thread}", (t, found) =>
            {
                int loads = 0;
                foreach (Op op in ops)
                {
                    uint value = op.Do(t);
                    if (op.IsLoad)
                        found[loads++] = (byte)value;
                }
            }))];
            ExplorationResult done = Explorer.Run(new Scenario(Name, Cells, actors), model, outcome: (layout, state) => EndOf(layout, state));
            Assert.Null(done.Failure);
            return done.Outcomes;
        }

        private string EndOf(StateLayout layout, byte[] state)
        {
            string loads = string.Concat(Threads.Select((ops, thread) => string.Concat(layout.LocalsOf(state, thread)[..ops.Count(op => op.IsLoad)].ToArray())));
            string cells = string.Join(' ', Enumerable.Range(0, Cells.Length).Where(cell => End.Contains($"{Cells[cell]}=", StringComparison.Ordinal)).Select(cell => $"{Cells[cell]}={state[cell]}"));
            return $"{loads} {cells}".Trim();
        }
    }
}
