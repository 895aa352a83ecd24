using System.Collections.Concurrent;
using FsCheck.Xunit;
using VmBus.Core.Tests.Channels;
using Xunit;

namespace VmBus.Core.Tests.Rings;

/// <summary>Ids handed out once, taken back once, and nothing that a hostile peer can complete.</summary>
public class TransactionTableTests
{
    [Fact]
    public void As_many_requests_as_the_table_holds_are_in_flight_at_once()
    {
        var table = new TransactionTable<string>(5);
        Assert.Equal((5, 0), (table.Capacity, table.Count));
        var ids = new List<ulong>();
        for (int round = 0; round < 4; round++)
        {
            for (int i = 0; i < 5; i++)
            {
                Assert.True(table.TryAdd($"{round}.{i}", out ulong id));
                ids.Add(id);
                Assert.Equal(i + 1, table.Count);
            }

            Assert.False(table.TryAdd("one too many", out ulong none));
            Assert.Equal(0ul, none);
            Assert.Equal(5, table.Count);
            foreach (int i in (int[])[3, 0, 4, 1, 2])
            {
                Assert.True(table.TryComplete(ids[round * 5 + i], out string? state));
                Assert.Equal($"{round}.{i}", state);
            }

            Assert.Equal(0, table.Count);
        }

        Assert.DoesNotContain(0ul, ids);
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    [Fact]
    public void An_id_that_was_never_given_completes_nothing()
    {
        var table = new TransactionTable<int>(3);
        Assert.False(table.TryComplete(1ul << 32 | 1, out _));
        Assert.True(table.TryAdd(7, out ulong id));

        // Among them what Linux reserves: 0 for unsolicited, and the topmost for "no answer wanted" and errors.
        ulong[] never = [0, ulong.MaxValue, ulong.MaxValue - 1, ulong.MaxValue - 2, 1, 2, 3, id + 1, id + 3, id - 1, id ^ 1ul << 63, id ^ 1ul << 31,
            id + (1ul << 32), id - (1ul << 32), (id >> 32) << 32, id & 0xFFFF_FFFF, 4, 1ul << 32 | 4, 0x8000_0000_0000_0001, 0x8000_0001];
        foreach (ulong wrong in never)
        {
            Assert.False(table.TryComplete(wrong, out int state), $"{wrong:x}");
            Assert.Equal(0, state);
        }

        Assert.Equal(1, table.Count);
        Assert.True(table.TryComplete(id, out int mine));
        Assert.Equal(7, mine);
    }

    [Fact]
    public void An_id_is_taken_back_once_and_means_nothing_when_its_slot_is_used_again()
    {
        var table = new TransactionTable<int>(1);
        var old = new List<ulong>();
        for (int i = 0; i < 1000; i++)
        {
            Assert.True(table.TryAdd(i, out ulong id));
            foreach (ulong stale in old.TakeLast(5))
                Assert.False(table.TryComplete(stale, out _));
            Assert.True(table.TryComplete(id, out int state));
            Assert.Equal(i, state);
            Assert.False(table.TryComplete(id, out _));
            old.Add(id);
        }

        Assert.Equal(1000, old.Distinct().Count());
    }

    [Fact]
    public void A_table_without_room_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new TransactionTable<int>(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TransactionTable<int>(-1));
    }

    /// <summary>Law: a table is a dictionary of bounded size whose keys it chooses itself.</summary>
    [Property(MaxTest = 200)]
    public void A_table_is_a_bounded_dictionary(byte capacity, int[] steps)
    {
        var table = new TransactionTable<int>(capacity + 1);
        var model = new Dictionary<ulong, int>();
        var finished = new List<ulong> { 0 };
        foreach (int step in steps)
        {
            if (step % 3 != 0 || model.Count == 0)
            {
                bool room = model.Count <= capacity;
                Assert.Equal(room, table.TryAdd(step, out ulong id));
                Assert.True(!room || (id != 0 && model.TryAdd(id, step)));
            }
            else
            {
                ulong id = model.Keys.ElementAt((int)((uint)step % (uint)model.Count));
                Assert.True(table.TryComplete(id, out int state));
                Assert.Equal(model[id], state);
                model.Remove(id);
                finished.Add(id);
            }

            Assert.False(table.TryComplete(finished[(int)((uint)step % (uint)finished.Count)], out _));
            Assert.Equal(model.Count, table.Count);
        }
    }

    [Fact]
    public void Under_many_threads_no_id_is_in_flight_twice_and_each_is_completed_by_one()
    {
        const int Threads = 4, Each = 100_000, Capacity = 7;
        var table = new TransactionTable<long>(Capacity);
        int[] inFlight = new int[Capacity + 1];
        long completed = 0, refused = 0, guessing = Threads;
        var handedOver = new ConcurrentQueue<(ulong Id, long State)>();
        Action[] threads = [.. Enumerable.Range(0, Threads).Select(t => (Action)(() => Work(t))), Guess];
        Workers.Run(() => Volatile.Read(ref completed), () => $"{completed} completed, {table.Count} in flight", threads);

        Assert.Equal((long)Threads * Each, completed);
        Assert.Equal(0, table.Count);
        Assert.True(refused > 0);
        for (int i = 0; i < Capacity; i++)
            Assert.True(table.TryAdd(i, out _));
        Assert.False(table.TryAdd(0, out _));

        void Work(int thread)
        {
            for (long i = 0; i < Each;)
            {
                long state = (long)thread << 32 | i;
                if (table.TryAdd(state, out ulong id))
                {
                    Assert.NotEqual(0ul, id);
                    Assert.Equal(1, Interlocked.Increment(ref inFlight[(uint)id]));
                    handedOver.Enqueue((id, state));
                    i++;
                }

                // Completed by whichever thread comes by; a second one with the same id gets nothing.
                if (handedOver.TryDequeue(out (ulong Id, long State) other))
                {
                    Interlocked.Decrement(ref inFlight[(uint)other.Id]);
                    Assert.True(table.TryComplete(other.Id, out long its));
                    Assert.Equal(other.State, its);
                    Interlocked.Increment(ref completed);
                    if (table.TryComplete(other.Id, out _))
                        Assert.Fail("An id was completed twice.");
                }
            }

            while (handedOver.TryDequeue(out (ulong Id, long State) other))
            {
                Interlocked.Decrement(ref inFlight[(uint)other.Id]);
                Assert.True(table.TryComplete(other.Id, out long its));
                Assert.Equal(other.State, its);
                Interlocked.Increment(ref completed);
            }

            Interlocked.Decrement(ref guessing);
        }

        // A peer that makes ids up: all it has is slots that exist and generations long gone or not yet reached.
        void Guess()
        {
            var random = new Random(3);
            while (Volatile.Read(ref guessing) > 0)
            {
                ulong slot = (ulong)random.Next(0, Capacity + 2);
                ulong generation = random.Next(2) == 0 ? 0ul : 0x4000_0000ul + (ulong)random.Next(1000);
                if (table.TryComplete(generation << 32 | slot, out _))
                    Assert.Fail("A made-up id was completed.");
                refused++;
            }
        }
    }

    [Fact]
    public void Of_two_threads_that_complete_one_id_one_gets_it()
    {
        const int Rounds = 5_000;
        var table = new TransactionTable<int>(1);
        ulong id = 0;
        long won = 0;
        using var start = new Barrier(2, _ => Assert.True(table.TryAdd((int)(won + 1), out id)));
        Workers.Run(() => Volatile.Read(ref won), () => $"{won} won", Race, Race);
        Assert.Equal(Rounds, won);

        void Race()
        {
            for (int i = 1; i <= Rounds; i++)
            {
                start.SignalAndWait();
                if (table.TryComplete(id, out int state))
                {
                    Assert.Equal(i, state);
                    Interlocked.Increment(ref won);
                }
            }
        }
    }
}
