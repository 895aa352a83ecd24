using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.Backends.Tests.Monitors;

// The examination alone: a page, a time that is said, and a list of the signals made.
public sealed class MonitorExaminerTests : IDisposable
{
    private const ushort Micro = 10;

    private readonly GuestMemory _memory = new(4 * GuestMemory.PageSize, shared: false);
    private readonly MonitorPageView _page;
    private readonly List<(uint Connection, ushort Flag)> _signals = [];
    private HypercallStatus _answer = HypercallStatus.Success;

    public MonitorExaminerTests() => _page = new MonitorPageView(_memory.Translate(_memory.AllocatePages(1), GuestMemory.PageSize));

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void A_pending_bit_becomes_the_signal_of_its_parameter_and_is_cleared()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(37, 0x2005, 3, 100 * Micro);
        examiner.Examine(0);
        SetPending(37);

        examiner.Examine(999);
        Assert.Empty(_signals);
        examiner.Examine(1000);
        Assert.Equal([(0x2005u, (ushort)3)], _signals);
        Assert.Equal(0u, _page.Pending(1));
        examiner.Examine(2000);
        Assert.Single(_signals);
        Assert.Equal(new MonitorStatistics(1, 0, 0), examiner.GetStatistics(37));
    }

    [Fact]
    public void Every_pending_bit_of_a_group_is_taken_in_one_examination()
    {
        MonitorExaminer examiner = Make();
        foreach (int id in (int[])[0, 13, 31])
            examiner.Register(id, (uint)(100 + id), 0, 1000);
        examiner.Examine(0);
        SetPending(0);
        SetPending(13);
        SetPending(31);

        examiner.Examine(1000);

        Assert.Equal([100u, 113u, 131u], _signals.Select(signal => signal.Connection));
    }

    [Fact]
    public void A_group_is_examined_at_the_lowest_latency_of_its_monitors()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(0, 1, 0, 1000);
        examiner.Register(1, 1, 0, 300);
        examiner.Register(5, 1, 0, 900);
        examiner.Register(32, 1, 0, 700);
        // A monitor that is not registered does not count, whatever its latency says.
        _page.Latency(2) = 5;

        Assert.Equal([0, 300, 600, 700, 900, 1200, 1400], Run(examiner, 1400));
        Assert.Equal(5, examiner.Examinations(0));
        Assert.Equal(3, examiner.Examinations(1));
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(9, 10)]
    [InlineData(10, 10)]
    [InlineData(4000, 4000)]
    [InlineData(65535, 5000)]
    public void A_latency_is_clamped(int hint, int interval)
    {
        MonitorExaminer examiner = Make(new MonitorOptions { MaxLatency = TimeSpan.FromTicks(5000) });
        examiner.Register(0, 1, 0, (ushort)hint);

        Assert.Equal(interval, examiner.Examine(0));
    }

    [Fact]
    public void The_longest_latency_is_6_5535_ms()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(0, 1, 0, ushort.MaxValue);

        Assert.Equal(65535, examiner.Examine(0));
    }

    [Fact]
    public void A_hint_shortened_by_the_guest_counts_from_the_next_examination_on()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(0, 1, 0, 1000);
        examiner.Examine(0);

        _page.Latency(0) = 200;
        Assert.Equal(1000, examiner.Examine(500));
        Assert.Equal(1200, examiner.Examine(1000));
        _page.Latency(0) = 1000;
        Assert.Equal(2200, examiner.Examine(1200));
    }

    [Fact]
    public void A_monitor_registered_between_examinations_waits_for_its_own_latency_at_most()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(0, 1, 0, 1000);
        examiner.Examine(0);

        examiner.Register(1, 2, 0, 200);
        Assert.Equal(500, examiner.Examine(300));
        examiner.Unregister(1);
        Assert.Equal(1500, examiner.Examine(500));
        examiner.Register(2, 2, 0, 5000);
        Assert.Equal(1500, examiner.Examine(501));
    }

    [Fact]
    public void A_disabled_group_keeps_its_pending_bits_and_the_others_go_on()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(0, 1, 0, 100);
        examiner.Register(32, 2, 0, 100);
        examiner.SetGroupEnabled(0, false);
        SetPending(0);
        SetPending(32);

        Run(examiner, 1000);
        Assert.Equal([(2u, (ushort)0)], _signals);
        Assert.Equal(1u, _page.Pending(0));

        examiner.SetGroupEnabled(0, true);
        examiner.Examine(1050);
        Assert.Equal(2, _signals.Count);
        Assert.Equal(1100, examiner.Examine(1051));
    }

    [Fact]
    public void With_every_group_disabled_the_page_is_looked_at_much_less_often()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(0, 1, 0, 100);
        _page.TriggerState = 0;
        SetPending(0);

        Assert.Equal(100_000, examiner.Examine(0));
        Assert.Equal(0, examiner.Examinations(0));
        _page.TriggerState = 1;
        Assert.Equal(100_100, examiner.Examine(100_000));
        Assert.Single(_signals);
    }

    [Fact]
    public void Without_monitors_nothing_is_ever_due()
    {
        MonitorExaminer examiner = Make();
        Assert.Equal(MonitorExaminer.Never, examiner.Examine(0));

        examiner.Register(5, 1, 0, 100);
        Assert.Equal(100, examiner.Examine(0));
        examiner.Unregister(5);
        Assert.Equal(MonitorExaminer.Never, examiner.Examine(100));
        Assert.Equal(0u, _page.TriggerState);
    }

    [Fact]
    public void A_guest_that_leaves_armed_alone_waits_one_window_at_most()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(0, 1, 0, 1000);
        examiner.Examine(0);
        for (int round = 1; round <= 3; round++)
        {
            SetPending(0);
            examiner.Examine(round * 1000);
            Assert.Equal(round, _signals.Count);
            Assert.Equal(1u, _page.Armed(0));
        }
    }

    [Fact]
    public void A_guest_that_clears_armed_with_pending_waits_one_window_more()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(0, 1, 0, 1000);
        examiner.Examine(0);
        for (int round = 1; round <= 3; round++)
        {
            _page.TriggerGroup(0) = 1;
            examiner.Examine(round * 2000 - 1000);
            Assert.Equal(round - 1, _signals.Count);
            Assert.Equal(1ul | 1ul << 32, _page.TriggerGroup(0));
            examiner.Examine(round * 2000);
            Assert.Equal(round, _signals.Count);
            Assert.Equal(1ul << 32, _page.TriggerGroup(0));
        }
        Assert.Equal(new MonitorStatistics(3, 3, 0), examiner.GetStatistics(0));
    }

    [Fact]
    public void A_monitor_armed_by_nobody_is_deferred_once_and_then_never()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(0, 1, 0, 1000);
        _page.Armed(0) = 0;
        examiner.Examine(0);
        SetPending(0);
        examiner.Examine(1000);
        Assert.Empty(_signals);
        examiner.Examine(2000);
        Assert.Single(_signals);

        SetPending(0);
        examiner.Examine(3000);
        Assert.Equal(2, _signals.Count);
    }

    [Fact]
    public void Armed_bits_can_be_left_out_of_it()
    {
        MonitorExaminer examiner = Make(new MonitorOptions { HonourArmed = false });
        examiner.Register(0, 1, 0, 1000);
        Assert.Equal(0u, _page.Armed(0));
        examiner.Examine(0);
        SetPending(0);
        examiner.Examine(1000);

        Assert.Single(_signals);
        Assert.Equal(0u, _page.Armed(0));
    }

    [Fact]
    public void The_status_of_a_signal_is_discarded_and_counted()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(0, 1, 0, 1000);
        _answer = HypercallStatus.InvalidConnectionId;
        SetPending(0);
        examiner.Examine(0);

        Assert.Equal(0u, _page.Pending(0));
        Assert.Equal(new MonitorStatistics(1, 0, 1), examiner.GetStatistics(0));
    }

    [Fact]
    public void The_next_check_time_is_written_and_wraps()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(40, 1, 0, 1000);
        examiner.Examine(0x7FFF_FFFF);

        Assert.Equal(unchecked((int)(0x7FFF_FFFFL + 1000)), _page.NextCheckTime(40));
        Assert.True(_page.NextCheckTime(40) < 0);
        Assert.Equal(0, _page.NextCheckTime(41));
    }

    [Fact]
    public void A_late_examination_keeps_the_cadence_and_says_how_late_it_was()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(0, 1, 0, 100);
        examiner.Examine(0);

        Assert.Equal(200, examiner.Examine(130));
        Assert.Equal(600, examiner.Examine(555));
        Assert.Equal(new LatenessStatistics(2, 3, TimeSpan.FromTicks(30 + 355), TimeSpan.FromTicks(355)), examiner.Lateness);
    }

    [Fact]
    public void A_signal_made_while_its_bit_is_set_again_is_followed_by_another()
    {
        MonitorExaminer examiner = Make(onSignal: () =>
        {
            if (_signals.Count == 1)
                SetPending(0);
        });
        examiner.Register(0, 1, 0, 100);
        SetPending(0);

        examiner.Examine(0);
        Assert.Single(_signals);
        examiner.Examine(100);
        Assert.Equal(2, _signals.Count);
    }

    [Fact]
    public void Unregistering_leaves_no_trace_in_the_page()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(0, 1, 0, 100);
        examiner.Register(1, 2, 0, 100);
        SetPending(0);
        SetPending(1);
        examiner.Unregister(0);

        Assert.Equal(2u, _page.Pending(0));
        Assert.Equal(2u, _page.Armed(0));
        Assert.Equal(1u, _page.TriggerState);
        Assert.Equal(0u, _page.Parameter(0).ConnectionId);
        Assert.Equal(0, _page.Latency(0));
    }

    [Fact]
    public void Registering_twice_unregistering_twice_and_impossible_ids_are_refused()
    {
        MonitorExaminer examiner = Make();
        examiner.Register(0, 1, 0, 100);
        Assert.Throws<InvalidOperationException>(() => examiner.Register(0, 1, 0, 100));
        examiner.Unregister(0);
        Assert.Throws<InvalidOperationException>(() => examiner.Unregister(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => examiner.Register(128, 1, 0, 100));
        Assert.Throws<ArgumentOutOfRangeException>(() => examiner.Unregister(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => examiner.SetGroupEnabled(4, true));
    }

    // Guests set bits while the examiner takes them: as many bits as were found clear become signals.
    [Fact]
    public void No_pending_bit_is_lost_under_hammering()
    {
        const int Guests = 3, Rounds = 300_000;
        long signals = 0;
        long[] newly = new long[Guests];
        var examiner = new MonitorExaminer(_page, new MonitorOptions(), (_, _) =>
        {
            signals++;
            return HypercallStatus.Success;
        });
        for (int guest = 0; guest < Guests; guest++)
            examiner.Register(guest, 1, 0, 10);
        var threads = new Background[Guests];
        for (int guest = 0; guest < Guests; guest++)
        {
            int id = guest;
            threads[guest] = Background.Run(() =>
            {
                for (int round = 0; round < Rounds; round++)
                {
                    if ((Interlocked.Or(ref _page.Pending(0), 1u << id) & 1u << id) == 0)
                        Volatile.Write(ref newly[id], newly[id] + 1);
                    if (round % 3 == 0)
                        Interlocked.And(ref _page.Armed(0), ~(1u << id));
                }
            });
        }

        long now = 0;
        Background.Until(
            () =>
            {
                examiner.Examine(now += 10);
                examiner.Examine(now += 10);
                return threads.All(thread => thread.IsEnded);
            },
            "the guests are done");
        examiner.Examine(now += 10);
        examiner.Examine(now + 10);

        foreach (Background thread in threads)
            thread.Join();
        Assert.Equal(newly.Sum(), signals);
        Assert.True(signals >= Guests);
    }

    private MonitorExaminer Make(MonitorOptions? options = null, Action? onSignal = null) => new(_page, options ?? new MonitorOptions(), (connection, flag) =>
    {
        _signals.Add((connection, flag));
        onSignal?.Invoke();
        return _answer;
    });

    private void SetPending(int id) => Interlocked.Or(ref _page.Pending(id / 32), 1u << (id % 32));

    // Examines whenever it is due, and says when that was.
    private static List<long> Run(MonitorExaminer examiner, long until)
    {
        var times = new List<long>();
        for (long now = 0; now <= until; now = examiner.Examine(now))
            times.Add(now);
        return times;
    }
}
