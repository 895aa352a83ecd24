// The explorer itself, held to the known answers: the tests every paper on memory models begins with.

using VmBus.Testing;
using Xunit;

namespace VmBus.Core.Tests.Exploration;

public class LitmusTests
{
    private const int X = 0;
    private const int Y = 1;

    [Fact]
    public void Store_buffering_is_seen_wherever_loads_pass_stores_and_a_fence_ends_it()
    {
        Straight.Code[] Threads(bool fence) => [.. new[] { (X, Y), (Y, X) }.Select<(int, int), Straight.Code>(c => (t, r) =>
        {
            t.Store(c.Item1, 1);
            if (fence)
                t.Fence();
            r[0] = (byte)t.Acquire(c.Item2);
        })];

        Allows("01 10 11", "00 01 10 11", "00 01 10 11", Threads(fence: false));
        Allows("01 10 11", "01 10 11", "01 10 11", Threads(fence: true));
    }

    [Fact]
    public void An_exchange_is_a_fence_and_a_release_is_none()
    {
        Allows("01 10 11", "01 10 11", "01 10 11",
            (t, r) => { t.Exchange(X, 1); r[0] = (byte)t.Acquire(Y); },
            (t, r) => { t.Exchange(Y, 1); r[0] = (byte)t.Acquire(X); });
        Allows("01 10 11", "00 01 10 11", "00 01 10 11",
            (t, r) => { t.Exchange(X, 1); r[0] = (byte)t.Acquire(Y); },
            (t, r) => { t.Release(Y, 1); r[0] = (byte)t.Acquire(X); });
    }

    [Fact]
    public void Message_passing_needs_release_and_acquire_only_where_order_is_weak()
    {
        Allows("00 01 11", "00 01 11", "00 01 10 11",
            (t, _) => { t.Store(X, 1); t.Store(Y, 1); },
            (t, r) => { r[0] = (byte)t.Load(Y); r[1] = (byte)t.Load(X); });
        Allows("00 01 11", "00 01 11", "00 01 10 11",
            (t, _) => { t.Store(X, 1); t.Release(Y, 1); },
            (t, r) => { r[0] = (byte)t.Load(Y); r[1] = (byte)t.Load(X); });
        Allows("00 01 11", "00 01 11", "00 01 10 11",
            (t, _) => { t.Store(X, 1); t.Store(Y, 1); },
            (t, r) => { r[0] = (byte)t.Acquire(Y); r[1] = (byte)t.Load(X); });
        Allows("00 01 11", "00 01 11", "00 01 11",
            (t, _) => { t.Store(X, 1); t.Release(Y, 1); },
            (t, r) => { r[0] = (byte)t.Acquire(Y); r[1] = (byte)t.Load(X); });
    }

    [Fact]
    public void Load_buffering_is_seen_where_order_is_weak_unless_the_store_depends_on_the_load()
    {
        Allows("00 01 10", "00 01 10", "00 01 10 11",
            (t, r) => { r[0] = (byte)t.FreeLoad(X); t.Store(Y, 1); },
            (t, r) => { r[0] = (byte)t.FreeLoad(Y); t.Store(X, 1); });
        // One thread in order is not enough.
        Allows("00 01 10", "00 01 10", "00 01 10 11",
            (t, r) => { r[0] = (byte)t.Load(X); t.Store(Y, 1); },
            (t, r) => { r[0] = (byte)t.FreeLoad(Y); t.Store(X, 1); });
        Allows("00 01 10", "00 01 10", "00 01 10",
            (t, r) => { r[0] = (byte)t.Load(X); t.Store(Y, 1); },
            (t, r) => { r[0] = (byte)t.Load(Y); t.Store(X, 1); });
        Allows("00 01 10", "00 01 10", "00 01 10",
            (t, r) => { r[0] = (byte)t.FreeLoad(X); t.Release(Y, 1); },
            (t, r) => { r[0] = (byte)t.Acquire(Y); t.Store(X, 1); });
    }

    [Fact]
    public void No_value_comes_out_of_thin_air() =>
        Allows("00", "00", "00",
            (t, r) => { r[0] = (byte)t.Load(X); t.Store(Y, r[0]); },
            (t, r) => { r[0] = (byte)t.Load(Y); t.Store(X, r[0]); });

    [Fact]
    public void Loads_of_one_cell_keep_their_order() =>
        Allows("00 01 11", "00 01 11", "00 01 11",
            (t, _) => t.Store(X, 1),
            (t, r) => { r[0] = (byte)t.Load(X); r[1] = (byte)t.Load(X); });

    [Fact]
    public void A_thread_sees_its_own_store_before_others_do() =>
        Allows("1011 1110 1111", "1010 1011 1110 1111", "1010 1011 1110 1111",
            (t, r) => { t.Store(X, 1); r[0] = (byte)t.Load(X); r[1] = (byte)t.Acquire(Y); },
            (t, r) => { t.Store(Y, 1); r[0] = (byte)t.Load(Y); r[1] = (byte)t.Acquire(X); });

    [Fact]
    public void Two_observers_agree_on_the_order_of_two_writers_unless_their_own_loads_are_out_of_order()
    {
        Assert.DoesNotContain("1010", Outcomes(MemoryModel.Weak, Writer(X), Writer(Y), Observer(X, Y, acquire: true), Observer(Y, X, acquire: true)));
        Assert.DoesNotContain("1010", Outcomes(MemoryModel.TotalStoreOrder, Writer(X), Writer(Y), Observer(X, Y, acquire: false), Observer(Y, X, acquire: false)));
        Assert.Contains("1010", Outcomes(MemoryModel.Weak, Writer(X), Writer(Y), Observer(X, Y, acquire: false), Observer(Y, X, acquire: false)));

        static Straight.Code Writer(int cell) => (t, _) => t.Store(cell, 1);
        static Straight.Code Observer(int first, int second, bool acquire) => (t, r) =>
        {
            r[0] = (byte)(acquire ? t.Acquire(first) : t.Load(first));
            r[1] = (byte)t.Load(second);
        };
    }

    [Fact]
    public void Stores_to_two_cells_cross_only_where_order_is_weak()
    {
        // Both cells end with what was stored first in the program: each thread's second store came before its first.
        Straight.Code[] threads = [(t, _) => { t.Store(X, 1); t.Store(Y, 2); }, (t, _) => { t.Store(Y, 1); t.Store(X, 2); }];
        foreach (MemoryModel model in Enum.GetValues<MemoryModel>())
        {
            IReadOnlySet<string> ends = Outcomes(model, threads, (layout, state) => $"{state[X]}{state[Y]}");
            Assert.Equal(model == MemoryModel.Weak, ends.Contains("11"));
            Assert.Superset(new HashSet<string> { "12", "21", "22" }, ends.ToHashSet());
        }
    }

    [Fact]
    public void Two_stores_to_one_cell_keep_their_order() =>
        Assert.Equal(["2"], Outcomes(MemoryModel.Weak, [(t, _) => { t.Store(X, 1); t.Store(X, 2); }], (layout, state) => $"{state[X]}"));

    [Fact]
    public void An_interlocked_addition_loses_nothing_and_one_in_two_parts_does()
    {
        Straight.Code[] whole = [(t, _) => t.Or(X, 1), (t, _) => t.Or(X, 2)];
        Straight.Code[] parts = [(t, _) => t.Release(X, t.Acquire(X) | 1), (t, _) => t.Or(X, 2)];
        Assert.Equal(["3"], Outcomes(MemoryModel.Weak, whole, (layout, state) => $"{state[X]}"));
        Assert.Equal(["1", "3"], Outcomes(MemoryModel.SequentialConsistency, parts, (layout, state) => $"{state[X]}"));
    }

    [Fact]
    public void Every_schedule_is_counted()
    {
        // Two threads of three steps each: 6! / (3! 3!).
        Straight.Code three = (t, r) => { t.Or(X, 1); t.Or(X, 2); t.Or(X, 4); };
        Assert.Equal(20, Explorer.Run(Threads(three, three), MemoryModel.SequentialConsistency).Executions);

        // A store and its becoming visible are a step each under a store buffer: all the ways to merge them with a load.
        ExplorationResult stores = Explorer.Run(Threads((t, _) => t.Store(X, 1), (t, _) => t.Acquire(Y)), MemoryModel.TotalStoreOrder);
        Assert.Equal(3, stores.Executions);
    }

    [Fact]
    public void A_sleeper_nobody_wakes_is_found_with_a_schedule()
    {
        Scenario late = Threads((t, _) => { if (t.Acquire(Y) == 0) t.Take(X); }, (t, _) => { t.Release(Y, 1); });
        ExplorationResult found = Explorer.Run(late, MemoryModel.SequentialConsistency);
        Assert.Equal("thread 0 waits for x forever", found.Failure);
        Assert.Equal(["thread 0: load y: 0", "thread 1: store y=1"], found.Schedule);

        Scenario woken = Threads((t, _) => { if (t.Acquire(Y) == 0) t.Take(X); }, (t, _) => { t.Release(Y, 1); t.Or(X, 1); });
        Assert.Null(Explorer.Run(woken, MemoryModel.Weak).Failure);
    }

    [Fact]
    public void More_states_than_allowed_are_an_error()
    {
        Straight.Code busy = (t, r) => { t.Or(X, 1); t.Or(X, 2); t.Or(X, 4); };
        Assert.Throws<InvalidOperationException>(() => Explorer.Run(Threads(busy, busy), MemoryModel.SequentialConsistency, limit: 5));
    }

    private static void Allows(string sequential, string buffered, string weak, params Straight.Code[] threads)
    {
        Assert.Equal(sequential, string.Join(' ', Outcomes(MemoryModel.SequentialConsistency, threads)));
        Assert.Equal(buffered, string.Join(' ', Outcomes(MemoryModel.TotalStoreOrder, threads)));
        Assert.Equal(weak, string.Join(' ', Outcomes(MemoryModel.Weak, threads)));
    }

    private static IReadOnlySet<string> Outcomes(MemoryModel model, params Straight.Code[] threads)
        => Outcomes(model, threads, (layout, state) => string.Concat(threads.Select((code, t) => Registers(layout, state, t, code))));

    private static IReadOnlySet<string> Outcomes(MemoryModel model, Straight.Code[] threads, Func<StateLayout, byte[], string> outcome)
    {
        ExplorationResult found = Explorer.Run(Threads(threads), model, outcome: outcome);
        Assert.Null(found.Failure);
        return found.Outcomes;
    }

    /// <summary>What a thread has loaded: as many of its locals as its code fills, one after another.</summary>
    private static string Registers(StateLayout layout, byte[] state, int thread, Straight.Code code)
    {
        int loads = Loads(code);
        return string.Concat(layout.LocalsOf(state, thread)[..loads].ToArray());
    }

    private static int Loads(Straight.Code code)
    {
        // Every load answers 1 here, and the code leaves what it loaded in its locals.
        var thread = new ModelThread();
        byte[] ones = [.. Enumerable.Repeat((byte)1, StateLayout.Results)];
        byte[] locals = new byte[StateLayout.Locals];
        thread.Begin(ones);
        code(thread, locals);
        return locals.Count(l => l != 0);
    }

    private static Scenario Threads(params Straight.Code[] threads)
        => new("litmus", ["x", "y"], [.. threads.Select((code, t) => new Straight($"thread {t}", code))]);
}
