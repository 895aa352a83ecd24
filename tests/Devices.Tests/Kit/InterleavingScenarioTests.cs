using VmBus.Testing;

namespace VmBus.Devices.Tests.Kit;

public class InterleavingScenarioTests
{
    [Theory]
    [InlineData(MemoryModel.SequentialConsistency, false, false)]
    [InlineData(MemoryModel.TotalStoreOrder, false, false)]
    [InlineData(MemoryModel.Weak, false, true)]
    [InlineData(MemoryModel.Weak, true, false)]
    public void A_message_published_by_a_plain_flag_is_read_too_early_only_where_order_is_weak(MemoryModel model, bool isReleased, bool fails)
    {
        var scenario = new InterleavingScenario();
        int message = scenario.AddCell("message"), flag = scenario.AddCell("flag");
        scenario.AddThread("writer", memory =>
        {
            memory.Store(message, 7);
            if (isReleased)
                memory.Release(flag, 1);
            else
                memory.Store(flag, 1);
        });
        scenario.AddThread("reader", memory =>
        {
            if (memory.Acquire(flag) == 1)
                memory.Assert(memory.Acquire(message) == 7, "the flag is there and the message is not");
        });

        ExplorationResult found = scenario.Explore(model);
        Assert.Equal(fails, found.Failure is not null);
        if (fails)
        {
            Assert.Equal("reader: the flag is there and the message is not", found.Failure);
            Assert.Equal(["writer: store message=7 (held back)", "writer: store flag=1 (held back)"], found.Schedule.Take(2));
            Assert.Contains("writer's flag=1 becomes visible", string.Join('\n', found.Schedule), StringComparison.Ordinal);
            Assert.StartsWith("reader: the flag is there and the message is not. The shortest interleaving", found.ToString(), StringComparison.Ordinal);
        }
        else
        {
            Assert.True(found.Executions > 1);
            Assert.StartsWith("No failure in ", found.ToString(), StringComparison.Ordinal);
        }
    }

    // Each of the two counts by load and store, by an interlocked addition, or by compare and exchange in a loop.
    [Theory]
    [InlineData("store", true)]
    [InlineData("add", false)]
    [InlineData("compare", false)]
    [InlineData("lock", false)]
    public void Two_that_count_lose_a_count_unless_the_count_is_atomic(string how, bool fails)
    {
        int count = -1, gate = -1;
        var scenario = new InterleavingScenario { CheckEnd = cells => cells[count] == 2 ? null : $"the count is {cells[count]}" };
        count = scenario.AddCell("count");
        gate = scenario.AddCell("lock");
        foreach (string name in new[] { "left", "right" })
        {
            scenario.AddLoop(name, memory =>
            {
                if (how == "add")
                {
                    memory.Add(count, 1);
                    return false;
                }
                if (how == "lock")
                    memory.Lock(gate);
                uint now = memory.Acquire(count);
                if (how == "compare")
                    return memory.CompareExchange(count, now + 1, now) != now;
                memory.Store(count, now + 1);
                if (how == "lock")
                    memory.Release(gate, 0);
                return false;
            });
        }
        foreach (MemoryModel model in Enum.GetValues<MemoryModel>())
            Assert.Equal(fails ? "the count is 1" : null, scenario.Explore(model).Failure);
    }

    [Fact]
    public void A_thread_that_waits_for_ever_is_a_failure()
    {
        var scenario = new InterleavingScenario();
        int wake = scenario.AddCell("wake"), ready = scenario.AddCell("ready");
        // The waker sets ready and wakes no thread: a sleeper that looked before that waits for ever.
        scenario.AddThread("sleeper", memory =>
        {
            if (memory.Acquire(ready) == 0)
                memory.Take(wake);
        });
        scenario.AddThread("waker", memory => memory.Exchange(ready, 1));
        Assert.Equal("sleeper waits for wake forever", scenario.Explore(MemoryModel.SequentialConsistency).Failure);
    }

    [Fact]
    public void Steps_go_on_where_one_has_too_many_accesses()
    {
        var scenario = new InterleavingScenario { CheckEnd = cells => cells[0] == 34 ? null : $"{cells[0]}" };
        int sum = scenario.AddCell("sum", 2);
        Action<ModelThread> sixteen = memory =>
        {
            for (int i = 0; i < 16; i++)
                memory.Add(sum, 1);
        };
        scenario.AddThread("adder", sixteen, sixteen);
        Assert.Null(scenario.Explore(MemoryModel.Weak).Failure);
    }

    [Fact]
    public void What_cannot_be_explored_is_refused_and_says_why()
    {
        var scenario = new InterleavingScenario();
        int cell = scenario.AddCell("cell");
        Refused("more than 16 accesses in one step", memory =>
        {
            for (int i = 0; i < 17; i++)
                memory.Add(cell, 1);
        });
        Refused("depends on the result of an access", memory =>
        {
            while (memory.Acquire(cell) == 0)
            {
            }
        });
        Refused("takes more than 16 values", memory => memory.Load(cell), model: MemoryModel.Weak, second: memory =>
        {
            for (uint value = 1; value <= 16; value++)
                memory.Exchange(cell, value);
        });
        Refused("More than 1 states", memory => memory.Or(cell, 1), maxStates: 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => Explore(memory => memory.Load(cell + 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Explore(memory => memory.Load(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Explore(memory => memory.Store(cell, 256)));
        for (int thread = 0; thread < 4; thread++)
            scenario.AddThread("idle", memory => memory.Load(cell));
        Assert.Throws<InvalidOperationException>(() => scenario.AddThread("fifth", memory => memory.Load(cell)));

        static void Refused(string why, Action<ModelThread> step, int maxStates = 1000, MemoryModel model = MemoryModel.SequentialConsistency, Action<ModelThread>? second = null) =>
            Assert.Contains(why, Assert.Throws<InvalidOperationException>(() => Explore(step, maxStates, model, second)).Message, StringComparison.Ordinal);

        static ExplorationResult Explore(Action<ModelThread> step, int maxStates = 1000, MemoryModel model = MemoryModel.SequentialConsistency, Action<ModelThread>? second = null)
        {
            var one = new InterleavingScenario();
            one.AddCell("cell");
            one.AddThread("thread", step);
            if (second is not null)
                one.AddThread("second", second);
            return one.Explore(model, maxStates);
        }
    }
}
