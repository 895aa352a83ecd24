using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Signals;

/// <summary>What one signal comes to: the bits, the call, both or neither.</summary>
public class DecisionTests
{
    [Fact]
    public void Every_combination_signals_as_the_table_says()
    {
        foreach (SignalCapabilities capabilities in Enumerable.Range(0, 8).Select(c => (SignalCapabilities)c))
        {
            foreach (bool hasMonitor in (bool[])[false, true])
            {
                foreach (bool dedicated in (bool[])[false, true])
                {
                    foreach (SignalMode mode in Enum.GetValues<SignalMode>())
                    {
                        foreach (Urgency urgency in Enum.GetValues<Urgency>())
                        {
                            foreach (SignalNeed need in Enum.GetValues<SignalNeed>())
                                Check(capabilities, hasMonitor, dedicated, mode, urgency, need);
                        }
                    }
                }
            }
        }
    }

    private static void Check(SignalCapabilities capabilities, bool hasMonitor, bool dedicated, SignalMode mode, Urgency urgency, SignalNeed need)
    {
        using var rig = new SignalRig(capabilities, hasMonitor, dedicated);
        rig.Signaler.Mode = mode;
        string what = $"{capabilities}, monitor {hasMonitor}, dedicated {dedicated}, {mode}, {urgency}, {need}";

        // The table, in its own words. A monitor counts only where somebody examines the page.
        bool examined = hasMonitor && capabilities.HasFlag(SignalCapabilities.Monitor);
        bool callable = capabilities.HasFlag(SignalCapabilities.Hypercall);
        bool signals = need == SignalNeed.Required;
        bool wantsToDefer = urgency switch
        {
            Urgency.Relaxed => true,
            Urgency.Urgent => false,
            _ => mode != SignalMode.LowLatency,     // adaptive begins as monitored
        };
        bool defers = signals && examined && (wantsToDefer || !callable);
        bool calls = signals && !defers;
        EffectiveSignal effective = !examined ? EffectiveSignal.Hypercall
            : mode != SignalMode.LowLatency ? EffectiveSignal.Monitored
            : callable ? EffectiveSignal.Hypercall
            : capabilities.HasFlag(SignalCapabilities.LatencyHint) ? EffectiveSignal.MonitoredShortHint
            : EffectiveSignal.Monitored;

        Assert.True(effective == rig.Signaler.EffectiveMode, $"{what}: effective is {rig.Signaler.EffectiveMode}");
        rig.AfterWrite(need, urgency);
        Assert.True(defers == rig.IsPending, $"{what}: pending is {rig.IsPending}");
        Assert.True((calls ? 1 : 0) == rig.Path.Signals, $"{what}: {rig.Path.Signals} calls");
        Assert.True((signals && !dedicated) == rig.IsInterruptBitSet, $"{what}: interrupt bit is {rig.IsInterruptBitSet}");
        SignalStatistics counted = rig.Signaler.GetStatistics();
        Assert.Equal((defers ? 1 : 0, calls ? 1 : 0, 0, 0, 0), (counted.Monitored, counted.Hypercalls, counted.Promoted, counted.RoomSignals, counted.Failed));
        Assert.Equal(signals ? 1 : 0, counted.Total);
        Assert.Equal((mode, examined, capabilities), (rig.Signaler.Mode, rig.Signaler.HasMonitor, rig.Signaler.Capabilities));
        Assert.True(rig.Pages.SurroundingsAreUntouched);
    }

    [Fact]
    public void Each_of_the_128_monitors_has_its_own_bit_and_touches_no_other()
    {
        for (int id = 0; id < 128; id++)
        {
            using var rig = new SignalRig(monitorId: id, dedicated: false, relid: 40);
            rig.AfterWrite(SignalNeed.Required);
            byte[] expected = new byte[4096];
            expected[8 + id / 32 * 8 + id % 32 / 8] = (byte)(1 << id % 8);
            expected[0x240 + id * 2] = SignalRig.HostHint & 0xFF;
            expected[0x240 + id * 2 + 1] = SignalRig.HostHint >> 8;
            Assert.Equal(expected, rig.Pages.MonitorBytes);
            Assert.True(rig.Pages.SurroundingsAreUntouched);
        }
    }

    [Fact]
    public void A_monitor_or_relid_out_of_range_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SignalRig(hasMonitor: false, relid: 16384));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SignalRig(hasMonitor: false, relid: uint.MaxValue));
        var pages = new SharedPages();
        using var path = new Gate();
        foreach (int id in (int[])[-1, 128, int.MaxValue, int.MinValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => new ChannelSignaler(
                new SignalBinding { ChildRelid = 1, Path = path, MonitorPage = pages.MonitorPage, MonitorId = id }));
        }

        Assert.Throws<ArgumentNullException>(() => new ChannelSignaler(null!));
    }

    [Fact]
    public void Each_relid_has_its_own_bit_in_the_send_half_unless_its_interrupt_is_dedicated()
    {
        foreach (uint relid in Enumerable.Range(0, 256).Concat([1023, 1024, 2047, 2048, 8191, 8192, 16382, 16383]).Select(r => (uint)r))
        {
            foreach (SignalMode mode in (SignalMode[])[SignalMode.Monitored, SignalMode.LowLatency])
            {
                using var shared = new SignalRig(dedicated: false, relid: relid);
                shared.Signaler.Mode = mode;
                shared.AfterWrite(SignalNeed.Required);
                byte[] expected = new byte[4096];
                expected[2048 + relid / 8] = (byte)(1 << (int)(relid % 8));
                Assert.Equal(expected, shared.Pages.InterruptBytes);
                Assert.True(shared.Pages.SurroundingsAreUntouched);

                using var dedicated = new SignalRig(dedicated: true, relid: relid);
                dedicated.Signaler.Mode = mode;
                dedicated.AfterWrite(SignalNeed.Required);
                Assert.Equal(-1, dedicated.Pages.InterruptBytes.IndexOfAnyExcept((byte)0));
            }
        }
    }

    [Fact]
    public void The_bits_of_other_channels_in_the_same_words_stay_as_they_are()
    {
        using var rig = new SignalRig(dedicated: false);
        rig.Pages.MonitorPage.Pending(1) = 0xF000_000F;
        rig.Pages.MonitorPage.Armed(1) = 0x1234_5678;
        rig.Pages.InterruptPage.Send[0] = 0xF000_0000_0000_000F;
        rig.AfterWrite(SignalNeed.Required);
        Assert.Equal(0xF000_000F | 1u << 10, rig.Pages.MonitorPage.Pending(1));
        Assert.Equal(0x1234_5678u, rig.Pages.MonitorPage.Armed(1));
        Assert.Equal(0xF000_0000_0000_000F | 1ul << 7, rig.Pages.InterruptPage.Send[0]);
    }

    [Theory]
    [InlineData(SignalMode.Monitored)]
    [InlineData(SignalMode.LowLatency)]
    [InlineData(SignalMode.Adaptive)]
    public void Room_is_told_at_once_where_a_call_is_possible_and_by_the_page_where_not(SignalMode mode)
    {
        using var callable = new SignalRig(dedicated: false);
        callable.Signaler.Mode = mode;
        callable.Signaler.SignalRoom();
        Assert.Equal((1, false, true), (callable.Path.Signals, callable.IsPending, callable.IsInterruptBitSet));
        Assert.Equal((0, 1, 1), Room(callable));

        using var uio = new SignalRig(SignalCapabilities.Monitor | SignalCapabilities.LatencyHint);
        uio.Signaler.Mode = mode;
        uio.Signaler.SignalRoom();
        Assert.Equal((0, true), (uio.Path.Signals, uio.IsPending));
        Assert.Equal((1, 0, 1), Room(uio));

        using var plain = new SignalRig(SignalCapabilities.None, hasMonitor: false);
        plain.Signaler.SignalRoom();
        Assert.Equal(1, plain.Path.Signals);

        static (long, long, long) Room(SignalRig rig)
        {
            SignalStatistics counted = rig.Signaler.GetStatistics();
            return (counted.Monitored, counted.Hypercalls, counted.RoomSignals);
        }
    }

    [Fact]
    public void A_refused_call_is_counted_with_its_status_and_nothing_else_happens()
    {
        using var rig = new SignalRig();
        rig.Signaler.Mode = SignalMode.LowLatency;
        rig.AfterWrite(SignalNeed.Required);
        Assert.Equal((0, HypercallStatus.Success), Failures());
        rig.Path.Answer = HypercallStatus.InvalidConnectionId;
        rig.AfterWrite(SignalNeed.Required);
        rig.Signaler.SignalRoom();
        Assert.Equal((2, HypercallStatus.InvalidConnectionId), Failures());
        rig.Path.Answer = HypercallStatus.AccessDenied;
        rig.AfterWrite(SignalNeed.Required);
        rig.Path.Answer = HypercallStatus.Success;
        rig.AfterWrite(SignalNeed.Required);
        Assert.Equal((3, HypercallStatus.AccessDenied), Failures());
        Assert.Equal(5, rig.Signaler.GetStatistics().Hypercalls);

        (long, HypercallStatus) Failures() => (rig.Signaler.GetStatistics().Failed, rig.Signaler.GetStatistics().LastFailure);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_mode_that_does_not_exist_is_refused(bool hasMonitor)
    {
        using var rig = new SignalRig(hasMonitor: hasMonitor);
        rig.Signaler.Mode = SignalMode.LowLatency;
        Assert.Throws<ArgumentOutOfRangeException>(() => rig.Signaler.Mode = (SignalMode)3);
        Assert.Throws<ArgumentOutOfRangeException>(() => rig.Signaler.Mode = (SignalMode)(-1));
        Assert.Equal((SignalMode.LowLatency, EffectiveSignal.Hypercall), (rig.Signaler.Mode, rig.Signaler.EffectiveMode));
    }
}
