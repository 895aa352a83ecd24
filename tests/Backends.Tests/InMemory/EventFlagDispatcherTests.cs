using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;

namespace VmBus.Backends.Tests.InMemory;

public sealed class EventFlagDispatcherTests : IDisposable
{
    private readonly TestPartitions _partitions = new TestPartitions().Enabled();

    private VirtualProcessor Vp => _partitions.Root.VirtualProcessors[0];

    private Span<ulong> Flags => Vp.Synic.EventFlagsPage!.Value.Flags(TestPartitions.Sint);

    public void Dispose() => _partitions.Dispose();

    [Theory]
    [InlineData(0u)]
    [InlineData(31u)]
    [InlineData(32u)]
    [InlineData(63u)]
    [InlineData(64u)]
    [InlineData(2047u)]
    public void A_flag_wakes_the_gate_of_its_relid_and_no_other(uint relid)
    {
        using var dispatcher = new EventFlagDispatcher(Vp);
        var gate = new WakeGate();
        var other = new WakeGate();
        dispatcher.Register(relid, gate);
        dispatcher.Register(relid == 0 ? 1 : relid - 1, other);

        Assert.Equal(HypercallStatus.Success, new EventFlagSignalPath(Vp, relid).Signal());

        Assert.True(gate.TryConsume());
        Assert.False(other.TryConsume());
        Assert.True(Flags.IndexOfAnyExcept(0ul) < 0, "The flag was left set.");
        Assert.Equal((1L, 1L, 0L), (dispatcher.Dispatches, dispatcher.Signals, dispatcher.Unclaimed));
    }

    [Fact]
    public void All_flags_that_are_set_are_taken_at_once()
    {
        using var dispatcher = new EventFlagDispatcher(Vp);
        var gates = new WakeGate[100];
        for (uint relid = 0; relid < gates.Length; relid++)
            dispatcher.Register(relid, gates[relid] = new WakeGate());
        Flags[0] = ulong.MaxValue;
        Flags[1] = 1;

        dispatcher.Dispatch();

        Assert.Equal(65, gates.Count(gate => gate.TryConsume()));
    }

    [Fact]
    public void A_flag_nobody_registered_for_is_counted_and_cleared()
    {
        using var dispatcher = new EventFlagDispatcher(Vp);
        var gate = new WakeGate();
        dispatcher.Register(5, gate);
        dispatcher.Unregister(5);
        new EventFlagSignalPath(Vp, 5).Signal();

        Assert.False(gate.IsSet);
        Assert.Equal(1, dispatcher.Unclaimed);
        Assert.Equal(0ul, Flags[0]);
    }

    [Fact]
    public void A_relid_has_one_gate_and_a_place_in_the_page()
    {
        using var dispatcher = new EventFlagDispatcher(Vp);
        dispatcher.Register(5, new WakeGate());

        Assert.Throws<InvalidOperationException>(() => dispatcher.Register(5, new WakeGate()));
        Assert.Throws<ArgumentOutOfRangeException>(() => dispatcher.Register(2048, new WakeGate()));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EventFlagSignalPath(Vp, 2048));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EventFlagDispatcher(Vp, 16));
    }

    [Theory]
    [InlineData(33u)]
    [InlineData(16383u)]
    public void A_legacy_channel_is_named_by_the_interrupt_page_and_shares_flag_0(uint relid)
    {
        var page = new InterruptPageView(_partitions.Root.Memory.Translate(_partitions.Root.Memory.AllocatePages(1), GuestMemory.PageSize));
        using var dispatcher = new EventFlagDispatcher(Vp, TestPartitions.Sint, DispatchMode.Inline, page, readsSendHalf: false);
        var gate = new WakeGate();
        dispatcher.Register(relid, gate);
        page.Send[(int)relid / 64] = 1ul << (int)relid;

        new EventFlagSignalPath(Vp, relid, page).Signal();

        Assert.True(gate.TryConsume());
        Assert.Equal(0ul, Flags[0]);
        Assert.Equal(0ul, page.Receive[(int)relid / 64]);
        Assert.Equal(1ul << (int)relid, page.Send[(int)relid / 64]);
        // Any other flag is none of a legacy dispatcher's business.
        page.Receive[(int)relid / 64] = 1ul << (int)relid;
        dispatcher.Dispatch();
        Assert.False(gate.IsSet);
    }

    [Fact]
    public void A_host_drains_the_send_half()
    {
        var page = new InterruptPageView(_partitions.Root.Memory.Translate(_partitions.Root.Memory.AllocatePages(1), GuestMemory.PageSize));
        using var dispatcher = new EventFlagDispatcher(Vp, TestPartitions.Sint, DispatchMode.Inline, page, readsSendHalf: true);
        var gate = new WakeGate();
        dispatcher.Register(100, gate);
        page.Send[1] = 1ul << 36;
        _partitions.Root.HvSignalEventDirect(_partitions.Root, 0, TestPartitions.Sint, 0, out _);

        Assert.True(gate.TryConsume());
    }

    [Fact]
    public void A_thread_of_its_own_takes_interrupts_until_disposed()
    {
        var dispatcher = new EventFlagDispatcher(Vp, TestPartitions.Sint, DispatchMode.Threaded);
        var gate = new WakeGate();
        dispatcher.Register(9, gate);
        var path = new EventFlagSignalPath(Vp, 9);
        for (int round = 0; round < 1000; round++)
        {
            path.Signal();
            Assert.True(gate.Wait(Patience.Limit), $"Round {round}: no signal.");
        }
        dispatcher.Dispose();
        dispatcher.Dispose();
        path.Signal();
        Assert.NotEqual(0ul, Flags[0]);
    }

    [Fact]
    public void Messages_come_after_event_flags_and_one_by_one()
    {
        using var dispatcher = new EventFlagDispatcher(Vp);
        var gate = new WakeGate();
        dispatcher.Register(3, gate);
        var received = new List<(ulong Number, bool GateWasSet)>();
        _partitions.Guest.Connect(1, _partitions.Root.CreateMessagePort(1, 0, TestPartitions.Sint));
        for (byte number = 0; number < 10; number++)
            _partitions.Guest.HvPostMessage(1, SynicMessageType.Channel, [number]);
        Flags[0] = 1 << 3;

        dispatcher.Dispatch();
        Assert.True(gate.TryConsume());
        Flags[0] = 1 << 3;
        // Answered from inside the handler, as a host does; the answer must not come in between.
        dispatcher.MessageReceived = (int sint, in SynicMessage message) =>
        {
            Assert.Equal(TestPartitions.Sint, sint);
            received.Add((message.Payload[0], gate.IsSet));
            if (message.Payload[0] == 4)
                _partitions.Guest.HvPostMessage(1, SynicMessageType.Channel, [10]);
        };

        Assert.Equal(Enumerable.Range(0, 11).Select(number => (ulong)number), received.Select(message => message.Number));
        Assert.Equal(11, dispatcher.Messages);
        Flags[0] = 1 << 3;
        gate.TryConsume();
        _partitions.Guest.HvPostMessage(1, SynicMessageType.Channel, [11]);
        Assert.Equal((11ul, true), received[^1]);
    }

    [Fact]
    public void No_message_is_lost_by_handlers_that_race()
    {
        using var dispatcher = new EventFlagDispatcher(Vp);
        const int Senders = 3, Messages = 30_000;
        int[] next = new int[Senders];
        int inside = 0;
        dispatcher.MessageReceived = (int _, in SynicMessage message) =>
        {
            Assert.Equal(1, Interlocked.Increment(ref inside));
            int sender = (int)message.Header.Port;
            Assert.Equal(next[sender], (int)message.Payload[0]);
            Volatile.Write(ref next[sender], next[sender] + 1);
            Interlocked.Decrement(ref inside);
        };
        var threads = new Background[Senders];
        for (int sender = 0; sender < Senders; sender++)
        {
            uint id = (uint)sender;
            _partitions.Guest.Connect(id, _partitions.Root.CreateMessagePort(id, 0, TestPartitions.Sint));
            threads[sender] = Background.Run(() =>
            {
                for (int message = 0; message < Messages; message++)
                {
                    byte[] payload = BitConverter.GetBytes(message);
                    Background.Until(() => _partitions.Guest.HvPostMessage(id, SynicMessageType.Channel, payload) == HypercallStatus.Success, "room");
                }
            });
        }

        foreach (Background thread in threads)
            thread.Join();
        Background.Until(() => next.Sum() == Senders * Messages, "every message is handled");
    }

    // Three signallers, one channel each, one waiter each, and one dispatcher that runs on all of their threads.
    [Theory]
    [InlineData(DispatchMode.Inline)]
    [InlineData(DispatchMode.Threaded)]
    internal void No_signal_is_lost_under_hammering(DispatchMode mode)
    {
        using var dispatcher = new EventFlagDispatcher(Vp, TestPartitions.Sint, mode);
        const int Channels = 3;
        const long Signals = 700_000;
        long[] sent = new long[Channels], seen = new long[Channels];
        var threads = new List<Background>();
        for (int channel = 0; channel < Channels; channel++)
        {
            int index = channel;
            var gate = new WakeGate();
            dispatcher.Register((uint)channel, gate);
            var path = new EventFlagSignalPath(Vp, (uint)channel);
            threads.Add(Background.Run(() =>
            {
                for (long signal = 1; signal <= Signals; signal++)
                {
                    Volatile.Write(ref sent[index], signal);
                    path.Signal();
                }
            }));
            threads.Add(Background.Run(() =>
            {
                while (seen[index] < Signals)
                {
                    Assert.True(gate.Wait(Patience.Limit), $"Channel {index}: lost at {seen[index]} of {Volatile.Read(ref sent[index])}.");
                    seen[index] = Volatile.Read(ref sent[index]);
                }
            }));
        }

        foreach (Background thread in threads)
            thread.Join();
    }
}
