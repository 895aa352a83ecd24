// Threads hammering the same words. Each test knows how many changes it made and finds every one of them again.

using System.Runtime.InteropServices;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Bits;

public class SyncBitsThreadTests
{
    private const int ThreadCount = 4;
    private const int Rounds = 200_000;
    private const int MostRounds = 5_000_000;
    private const int EnoughOverlaps = 5_000;

    public enum Way
    {
        SetAndClear,
        Change,
        TestAndSetAndTestAndClear,
        TestAndChange,
    }

    public static TheoryData<Way, bool> Ways()
    {
        var ways = new TheoryData<Way, bool>();
        foreach (Way way in Enum.GetValues<Way>())
        {
            ways.Add(way, true);
            ways.Add(way, false);
        }

        return ways;
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_bit_keeps_its_value_while_threads_change_its_neighbours(Way way, bool wide)
    {
        ulong word64 = 0;
        uint word32 = 0;
        int content = 0;
        Together(ThreadCount, thread =>
        {
            ulong mine = 0x1111_1111_1111_1111ul << thread;
            ulong before = 0;
            int overlaps = 0;
            bool counted = false;
            // A busy machine may run the threads one after the other. Go on until each has seen the others at work.
            for (int i = 0; i < MostRounds && Volatile.Read(ref content) < ThreadCount; i++)
            {
                int bit = thread + i % (wide ? 16 : 8) * 4;
                bool on = wide ? Turn(ref word64, bit, way, on: true) : Turn(ref word32, bit, way, on: true);
                if (!on)
                    throw new InvalidOperationException($"bit {bit} was lost in round {i}");
                bool off = wide ? Turn(ref word64, bit, way, on: false) : Turn(ref word32, bit, way, on: false);
                if (!off)
                    throw new InvalidOperationException($"bit {bit} came back in round {i}");

                ulong now = (wide ? Volatile.Read(ref word64) : Volatile.Read(ref word32)) & ~mine;
                if (now != before && ++overlaps >= EnoughOverlaps && !counted)
                {
                    counted = true;
                    Interlocked.Increment(ref content);
                }

                before = now;
            }
        });
        Assert.Equal(0ul, word64 | word32);
    }

    [Fact]
    public void Each_set_of_a_clear_bit_has_one_winner()
    {
        var bits = new ulong[1];
        long won = 0, lost = 0, cleared = 0;
        Together(ThreadCount, thread =>
        {
            long mine = 0, others = 0, gone = 0;
            for (int i = 0; i < Rounds; i++)
            {
                // Two bits of the one word, the second half through 32-bit words.
                int bit = (i & 1) == 0 ? 5 : 37;
                if (SyncBits.TestAndSet(bits, bit))
                    others++;
                else
                    mine++;
                if (SyncBits.TestAndClear(MemoryMarshal.Cast<ulong, uint>(bits.AsSpan()), bit))
                    gone++;
            }

            Interlocked.Add(ref won, mine);
            Interlocked.Add(ref lost, others);
            Interlocked.Add(ref cleared, gone);
        });

        Assert.Equal((long)ThreadCount * Rounds, won + lost);
        Assert.Equal(won, cleared + (SyncBits.Test(bits, 5) ? 1 : 0) + (SyncBits.Test(bits, 37) ? 1 : 0));
    }

    [Fact]
    public void A_drain_yields_each_newly_set_bit_once()
    {
        var bits = new ulong[256];
        long won = 0, drained = 0;
        int setting = ThreadCount - 1;
        bool enough = false;
        Together(ThreadCount, thread =>
        {
            if (thread == ThreadCount - 1)
            {
                int drains = 0;
                while (true)
                {
                    bool last = Volatile.Read(ref setting) == 0;
                    long before = drained;
                    foreach (int index in SyncBits.Drain(bits))
                        drained++;
                    if (drained != before && ++drains >= EnoughOverlaps)
                        Volatile.Write(ref enough, true);
                    if (last)
                        return;
                }
            }

            long mine = 0;
            for (int i = 0; i < MostRounds && !Volatile.Read(ref enough); i++)
            {
                if (!SyncBits.TestAndSet(bits, (i * 7 + thread) % 66 + i % 2 * 16_000))
                    mine++;
            }

            Interlocked.Add(ref won, mine);
            Interlocked.Decrement(ref setting);
        });

        Assert.Equal(won, drained);
        Assert.Equal(-1, SyncBits.FindFirst(bits));
    }

    [Fact]
    public void Drains_that_compete_and_leave_early_yield_no_bit_twice_and_lose_none()
    {
        var bits = new uint[8];
        long won = 0, drained = 0;
        Together(ThreadCount, thread =>
        {
            long mine = 0, taken = 0;
            for (int i = 0; i < Rounds; i++)
            {
                if (!SyncBits.TestAndSet(bits, (i * 13 + thread) % 256))
                    mine++;
                if (i % 3 != 0)
                    continue;
                int limit = i % 5 + 1;
                foreach (int index in SyncBits.Drain(bits))
                {
                    taken++;
                    if (--limit == 0)
                        break;
                }
            }

            Interlocked.Add(ref won, mine);
            Interlocked.Add(ref drained, taken);
        });

        // What a drain took and put back in between may be set again by somebody who wins it a second time, so that a win
        // can be folded into a bit put back: never more yields than wins, and nothing left but what is still set.
        foreach (int index in SyncBits.Drain(bits))
            drained++;
        Assert.InRange(drained, 1, won);
        Assert.Equal(-1, SyncBits.FindFirst(bits));
    }

    /// <summary>Turns a bit on or off, looks at it, and says whether all was as it has to be.</summary>
    private static bool Turn(ref ulong word, int bit, Way way, bool on)
    {
        bool before = !on;
        switch (way)
        {
            case Way.SetAndClear when on:
                SyncBits.Set(ref word, bit);
                break;
            case Way.SetAndClear:
                SyncBits.Clear(ref word, bit);
                break;
            case Way.Change:
                SyncBits.Change(ref word, bit);
                break;
            case Way.TestAndSetAndTestAndClear:
                before = on ? SyncBits.TestAndSet(ref word, bit) : SyncBits.TestAndClear(ref word, bit);
                break;
            default:
                before = SyncBits.TestAndChange(ref word, bit);
                break;
        }

        return before == !on && SyncBits.Test(ref word, bit) == on;
    }

    /// <summary>Turns a bit on or off, looks at it, and says whether all was as it has to be.</summary>
    private static bool Turn(ref uint word, int bit, Way way, bool on)
    {
        bool before = !on;
        switch (way)
        {
            case Way.SetAndClear when on:
                SyncBits.Set(ref word, bit);
                break;
            case Way.SetAndClear:
                SyncBits.Clear(ref word, bit);
                break;
            case Way.Change:
                SyncBits.Change(ref word, bit);
                break;
            case Way.TestAndSetAndTestAndClear:
                before = on ? SyncBits.TestAndSet(ref word, bit) : SyncBits.TestAndClear(ref word, bit);
                break;
            default:
                before = SyncBits.TestAndChange(ref word, bit);
                break;
        }

        return before == !on && SyncBits.Test(ref word, bit) == on;
    }

    /// <summary>Runs a body on several threads that start at once, and fails with the first of their exceptions.</summary>
    private static void Together(int count, Action<int> body)
    {
        using var start = new Barrier(count);
        var failures = new List<Exception>();
        Thread[] threads = [.. Enumerable.Range(0, count).Select(i => new Thread(() =>
        {
            try
            {
                start.SignalAndWait();
                body(i);
            }
            catch (Exception failure)
            {
                lock (failures)
                    failures.Add(failure);
            }
        })
        { IsBackground = true })];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            Assert.True(thread.Join(Patience.Limit), "a thread did not end");
        Assert.Empty(failures);
    }
}
