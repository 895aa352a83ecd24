using VmBus.InMemory;
using VmBus.Layout;

namespace VmBus.Backends.Tests.InMemory;

public sealed class EventPortTests : IDisposable
{
    private const uint Connection = 0x2021;
    private const int BaseFlag = 60;
    private const int FlagCount = 8;

    private readonly TestPartitions _partitions = new TestPartitions().Enabled();
    private readonly EventPort _port;

    public EventPortTests()
    {
        _port = _partitions.Root.CreateEventPort(7, 0, TestPartitions.Sint, BaseFlag, FlagCount);
        _partitions.Guest.Connect(Connection, _port);
    }

    private InterruptLine Line => _partitions.RootSynic.Line(TestPartitions.Sint);

    private Span<ulong> Flags => _partitions.RootSynic.EventFlagsPage!.Value.Flags(TestPartitions.Sint);

    public void Dispose() => _partitions.Dispose();

    [Fact]
    public void A_signal_sets_the_flag_relative_to_the_ports_base()
    {
        Assert.Equal(HypercallStatus.Success, _partitions.Guest.HvSignalEvent(Connection, 0));
        Assert.Equal(HypercallStatus.Success, _partitions.Guest.HvSignalEvent(Connection, 5));

        Assert.Equal(1ul << 60, Flags[0]);
        Assert.Equal(1ul << 1, Flags[1]);
    }

    [Fact]
    public void Only_a_flag_that_was_clear_interrupts()
    {
        for (int signal = 0; signal < 3; signal++)
            _partitions.Guest.HvSignalEvent(Connection, 1);
        Assert.Equal(1, Line.Interrupts);

        _partitions.Guest.HvSignalEvent(Connection, 2);
        Assert.Equal(2, Line.Interrupts);

        Flags.Clear();
        _partitions.Guest.HvSignalEvent(Connection, 1);
        Assert.Equal(3, Line.Interrupts);
        Assert.Equal(3, _partitions.RootSynic.Interrupts);
        Assert.Equal((5L, 3L), (_port.Signals, _port.NewlySignalled));
    }

    [Fact]
    public void The_interrupt_carries_the_SINTs_vector()
    {
        var sink = new RecordingSink();
        Line.Sink = sink;
        _partitions.Guest.HvSignalEvent(Connection);

        Assert.Equal([(TestPartitions.Sint, TestPartitions.Vector)], sink.Interrupts);
    }

    [Fact]
    public void Without_a_sink_the_interrupt_is_waited_for()
    {
        Assert.False(Line.Wait.Wait(TimeSpan.Zero));
        _partitions.Guest.HvSignalEvent(Connection);

        Assert.True(Line.Wait.Wait(TimeSpan.Zero));
    }

    [Fact]
    public void A_polled_SINT_gets_its_flag_and_no_interrupt()
    {
        _partitions.RootSynic.WriteMsr(SynicMsr.Sint0 + TestPartitions.Sint, SynicSint.Unmasked(0, polling: true).Value);

        Assert.Equal(HypercallStatus.Success, _partitions.Guest.HvSignalEvent(Connection, 0));
        Assert.Equal(1ul << 60, Flags[0]);
        Assert.Equal(0, Line.Interrupts);
    }

    [Theory]
    [InlineData(SynicMsr.Scontrol, 0ul)]
    [InlineData(SynicMsr.Siefp, 0ul)]
    [InlineData(SynicMsr.Sint0 + TestPartitions.Sint, 0x10040ul)]
    public void A_target_that_is_off_is_an_invalid_SynIC_state(uint msr, ulong off)
    {
        ulong on = _partitions.RootSynic.ReadMsr(msr);
        _partitions.RootSynic.WriteMsr(msr, off);
        Assert.Equal(HypercallStatus.InvalidSynicState, _partitions.Guest.HvSignalEvent(Connection));

        _partitions.RootSynic.WriteMsr(msr, on);
        Assert.Equal(HypercallStatus.Success, _partitions.Guest.HvSignalEvent(Connection));
        Assert.Equal(1, _port.Signals);
    }

    [Fact]
    public void The_message_page_does_not_matter_to_events()
    {
        _partitions.RootSynic.WriteMsr(SynicMsr.Simp, 0);

        Assert.Equal(HypercallStatus.Success, _partitions.Guest.HvSignalEvent(Connection));
    }

    [Fact]
    public void A_flag_the_port_does_not_have_is_an_invalid_parameter()
    {
        Assert.Equal(HypercallStatus.Success, _partitions.Guest.HvSignalEvent(Connection, FlagCount - 1));
        Assert.Equal(HypercallStatus.InvalidParameter, _partitions.Guest.HvSignalEvent(Connection, FlagCount));
    }

    [Fact]
    public void A_deleted_port_is_an_invalid_port_id_and_a_severed_connection_an_invalid_connection_id()
    {
        _partitions.Root.DeletePort(7);
        Assert.Equal(HypercallStatus.InvalidPortId, _partitions.Guest.HvSignalEvent(Connection));

        _partitions.Guest.Disconnect(Connection);
        Assert.Equal(HypercallStatus.InvalidConnectionId, _partitions.Guest.HvSignalEvent(Connection));
    }

    [Fact]
    public void Only_the_connections_owner_knows_it() =>
        Assert.Equal(HypercallStatus.InvalidConnectionId, _partitions.Root.HvSignalEvent(Connection));

    [Fact]
    public void A_message_cannot_be_posted_to_it() =>
        Assert.Equal(HypercallStatus.InvalidPortId, _partitions.Guest.HvPostMessage(Connection, SynicMessageType.Channel, []));

    [Theory]
    [InlineData(8u, 2, 2, 0, 1, HypercallStatus.InvalidVpIndex)]
    [InlineData(8u, -1, 2, 0, 1, HypercallStatus.InvalidVpIndex)]
    [InlineData(8u, 0, 16, 0, 1, HypercallStatus.InvalidParameter)]
    [InlineData(8u, 0, 2, 2048, 1, HypercallStatus.InvalidParameter)]
    [InlineData(8u, 0, 2, 2040, 9, HypercallStatus.InvalidParameter)]
    [InlineData(8u, 0, 2, 0, 0, HypercallStatus.InvalidParameter)]
    [InlineData(8u, 0, 2, -1, 1, HypercallStatus.InvalidParameter)]
    [InlineData(7u, 0, 2, 0, 1, HypercallStatus.InvalidPortId)]
    [InlineData(0x100_0000u, 0, 2, 0, 1, HypercallStatus.InvalidPortId)]
    internal void Impossible_ports_are_refused(uint id, int vp, int sint, int baseFlag, int count, HypercallStatus status) =>
        Assert.Equal(status, Assert.Throws<HypercallException>(() => _partitions.Root.CreateEventPort(id, vp, sint, baseFlag, count)).Status);

    [Fact]
    public void Impossible_connections_are_refused()
    {
        Assert.Equal(HypercallStatus.InvalidConnectionId, Refused(() => _partitions.Guest.Connect(Connection, _port)));
        Assert.Equal(HypercallStatus.InvalidConnectionId, Refused(() => _partitions.Guest.Connect(0x100_0000, _port)));
        Assert.Equal(HypercallStatus.InvalidConnectionId, Refused(() => _partitions.Guest.Disconnect(99)));
        Assert.Equal(HypercallStatus.InvalidPortId, Refused(() => _partitions.Root.DeletePort(99)));
        _partitions.Root.DeletePort(7);
        Assert.Equal(HypercallStatus.InvalidPortId, Refused(() => _partitions.Guest.Connect(99, _port)));
    }

    [Fact]
    public void The_last_flag_of_the_page_is_reached()
    {
        _partitions.Guest.Connect(1, _partitions.Root.CreateEventPort(9, 0, TestPartitions.Sint, 2047));

        Assert.Equal(HypercallStatus.Success, _partitions.Guest.HvSignalEvent(1));
        Assert.Equal(1ul << 63, Flags[31]);
    }

    private static HypercallStatus Refused(Action action) => Assert.Throws<HypercallException>(action).Status;

    private sealed class RecordingSink : IInterruptSink
    {
        public List<(int, byte)> Interrupts { get; } = [];

        public void Interrupt(int sint, byte vector) => Interrupts.Add((sint, vector));
    }
}
