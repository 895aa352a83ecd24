using System.Runtime.InteropServices;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;

namespace VmBus.Backends.Tests.InMemory;

public sealed class HypercallTests : IDisposable
{
    private const uint Events = 0x2005;
    private const uint Messages = 1;

    private readonly TestPartitions _partitions = new TestPartitions().Enabled();
    private readonly ulong _input;

    public HypercallTests()
    {
        Guest.Connect(Events, _partitions.Root.CreateEventPort(5, 0, TestPartitions.Sint, 5, 2));
        Guest.Connect(Messages, _partitions.Root.CreateMessagePort(6, 0, TestPartitions.Sint));
        _input = Guest.Memory.AllocatePages(1);
    }

    private Partition Guest => _partitions.Guest;

    public void Dispose() => _partitions.Dispose();

    [Fact]
    public void The_fast_form_takes_connection_and_flag_from_one_register()
    {
        Assert.Equal(HypercallStatus.Success, Guest.HvSignalEventFast(new SignalEventInput(Events, 1).ToRegister()));

        Assert.Equal(1ul << 6, _partitions.RootSynic.EventFlagsPage!.Value.Flags(TestPartitions.Sint)[0]);
    }

    [Theory]
    [InlineData(0x0001_0000_0000_2005ul)]
    [InlineData(0x8000_0000_0000_2005ul)]
    [InlineData(0x0000_0000_0100_2005ul)]
    [InlineData(0x0000_0002_0000_2005ul)]
    public void Reserved_bits_and_foreign_flags_are_invalid_parameters(ulong register) =>
        Assert.Equal(HypercallStatus.InvalidParameter, Guest.HvSignalEventFast(register));

    [Fact]
    public void The_slow_form_reads_aligned_memory()
    {
        MemoryMarshal.Write(Guest.Memory.Bytes(_input + 8, 8), new SignalEventInput(Events, 1));

        Assert.Equal(HypercallStatus.Success, Guest.HvSignalEventFromMemory(_input + 8));
        Assert.Equal(HypercallStatus.InvalidAlignment, Guest.HvSignalEventFromMemory(_input + 4));
        Assert.Equal(HypercallStatus.InvalidHypercallInput, Guest.HvSignalEventFromMemory((ulong)Guest.Memory.Size));
        Assert.Equal(HypercallStatus.InvalidHypercallInput, Guest.HvSignalEventFromMemory(0xFFFF_FFFF_FFFF_FFF8));
    }

    [Fact]
    public void A_message_is_read_from_memory_of_one_page()
    {
        WriteMessage(new PostMessageInput { ConnectionId = Messages, MessageType = SynicMessageType.Channel, PayloadSize = 240 });
        Assert.Equal(HypercallStatus.Success, Guest.HvPostMessageFromMemory(_input));
        Assert.Equal(240, _partitions.RootSynic.MessagePage!.Value.Slot(TestPartitions.Sint).Header.PayloadSize);

        Assert.Equal(HypercallStatus.InvalidAlignment, Guest.HvPostMessageFromMemory(_input + 4));
        Assert.Equal(HypercallStatus.InvalidAlignment, Guest.HvPostMessageFromMemory(_input + GuestMemory.PageSize - 248));
        Assert.Equal(HypercallStatus.InvalidHypercallInput, Guest.HvPostMessageFromMemory((ulong)Guest.Memory.Size));
    }

    [Theory]
    [InlineData(Messages, 0u, 1u, 241u)]
    [InlineData(Messages, 0u, 1u, 0x8000_0000u)]
    [InlineData(Messages, 0u, 0u, 8u)]
    [InlineData(Messages, 0u, 0x8000_0001u, 8u)]
    [InlineData(Messages, 1u, 1u, 8u)]
    [InlineData(0x0100_0001u, 0u, 1u, 8u)]
    public void A_malformed_message_is_an_invalid_parameter(uint connection, uint reserved, uint type, uint size)
    {
        WriteMessage(new PostMessageInput { ConnectionId = connection, Reserved = reserved, MessageType = (SynicMessageType)type, PayloadSize = size });

        Assert.Equal(HypercallStatus.InvalidParameter, Guest.HvPostMessageFromMemory(_input));
    }

    [Fact]
    public void An_unknown_connection_is_an_invalid_connection_id()
    {
        Assert.Equal(HypercallStatus.InvalidConnectionId, Guest.HvSignalEvent(99));
        Assert.Equal(HypercallStatus.InvalidConnectionId, Guest.HvPostMessage(99, SynicMessageType.Channel, []));
    }

    [Fact]
    public void Without_the_privilege_a_call_is_denied()
    {
        using var signals = new TestPartitions(PartitionPrivileges.SignalEvents);
        using var posts = new TestPartitions(PartitionPrivileges.PostMessages);
        ulong input = signals.Guest.Memory.AllocatePages(1);

        Assert.Equal(HypercallStatus.AccessDenied, signals.Guest.HvPostMessage(1, SynicMessageType.Channel, []));
        Assert.Equal(HypercallStatus.AccessDenied, signals.Guest.HvPostMessageFromMemory(input));
        Assert.Equal(HypercallStatus.InvalidConnectionId, signals.Guest.HvSignalEvent(1));
        Assert.Equal(HypercallStatus.AccessDenied, posts.Guest.HvSignalEvent(1));
        Assert.Equal(HypercallStatus.AccessDenied, posts.Guest.HvSignalEventFast(1));
        Assert.Equal(HypercallStatus.InvalidConnectionId, posts.Guest.HvPostMessage(1, SynicMessageType.Channel, []));
    }

    [Fact]
    public void A_hypercall_is_chosen_by_its_control_word()
    {
        MemoryMarshal.Write(Guest.Memory.Bytes(_input, 8), new SignalEventInput(Events));
        Assert.Equal(HypercallStatus.Success, Guest.Hypercall(new(HypercallCode.SignalEvent), _input));
        Assert.Equal(HypercallStatus.Success, Guest.Hypercall(new(HypercallCode.SignalEvent, fast: true), new SignalEventInput(Events).ToRegister()));
        WriteMessage(new PostMessageInput { ConnectionId = Messages, MessageType = SynicMessageType.Channel });
        Assert.Equal(HypercallStatus.Success, Guest.Hypercall(new(HypercallCode.PostMessage), _input));

        Assert.Equal(HypercallStatus.InvalidHypercallInput, Guest.Hypercall(new(HypercallCode.PostMessage, fast: true), _input));
        Assert.Equal(HypercallStatus.InvalidHypercallInput, Guest.Hypercall(new(HypercallCode.SignalEvent, nested: true), _input));
        Assert.Equal(HypercallStatus.InvalidHypercallInput, Guest.Hypercall(new((ulong)HypercallCode.SignalEvent | 1ul << 32), _input));
        Assert.Equal(HypercallStatus.InvalidHypercallInput, Guest.Hypercall(new((ulong)HypercallCode.SignalEvent | 1ul << 17), _input));
        Assert.Equal(HypercallStatus.InvalidHypercallCode, Guest.Hypercall(new(0x0001), _input));
    }

    [Fact]
    public void Direct_calls_are_the_roots_alone()
    {
        Partition root = _partitions.Root;
        Assert.Equal(HypercallStatus.AccessDenied, Guest.HvSignalEventDirect(root, 0, 2, 0, out _));
        Assert.Equal(HypercallStatus.AccessDenied, Guest.HvPostMessageDirect(root, 0, 2, SynicMessageType.Channel, []));

        Assert.Equal(HypercallStatus.Success, root.HvSignalEventDirect(root, 0, 2, 2047, out bool newly));
        Assert.True(newly);
        Assert.Equal(HypercallStatus.Success, root.HvSignalEventDirect(root, 0, 2, 2047, out newly));
        Assert.False(newly);
        Assert.Equal(HypercallStatus.InvalidVpIndex, root.HvSignalEventDirect(root, 2, 2, 0, out _));
        Assert.Equal(HypercallStatus.InvalidParameter, root.HvSignalEventDirect(root, 0, 16, 0, out _));
        Assert.Equal(HypercallStatus.InvalidParameter, root.HvSignalEventDirect(root, 0, 2, 2048, out _));
        Assert.Equal(HypercallStatus.InvalidSynicState, root.HvSignalEventDirect(root, 1, 2, 0, out _));
        Assert.Equal(HypercallStatus.InvalidParameter, root.HvPostMessageDirect(root, 0, 2, SynicMessageType.None, []));
        Assert.Equal(HypercallStatus.InvalidParameter, root.HvPostMessageDirect(root, 0, 2, SynicMessageType.Channel, new byte[241]));
    }

    [Fact]
    public void After_the_end_every_signal_fails_and_none_touches_memory()
    {
        _partitions.Dispose();

        Assert.Equal(HypercallStatus.InvalidPortId, Guest.HvSignalEvent(Events));
        Assert.Equal(HypercallStatus.InvalidPortId, Guest.HvPostMessage(Messages, SynicMessageType.Channel, []));
        Assert.Equal(HypercallStatus.InvalidSynicState, _partitions.Root.HvSignalEventDirect(_partitions.Root, 0, 2, 0, out _));
        Assert.Throws<ObjectDisposedException>(() => _partitions.Hypervisor.CreatePartition(8192));
    }

    [Fact]
    public void A_notification_port_calls_its_delegate_for_flag_0()
    {
        int calls = 0;
        NotificationPort port = _partitions.Root.CreateNotificationPort(9, () => calls++);
        Guest.Connect(9, port);

        Assert.Equal(HypercallStatus.Success, Guest.HvSignalEvent(9));
        Assert.Equal(HypercallStatus.InvalidParameter, Guest.HvSignalEvent(9, 1));
        Assert.Equal(1, calls);
        Assert.Equal(1, port.Signals);
        _partitions.Root.DeletePort(9);
        Assert.Equal(HypercallStatus.InvalidPortId, Guest.HvSignalEvent(9));
    }

    [Fact]
    public void A_notification_port_signals_its_eventfd()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has eventfd.");
        if (!OperatingSystem.IsLinux())
            return;
        using var eventFd = VmBus.Interop.EventFd.Create();
        Guest.Connect(9, _partitions.Root.CreateNotificationPort(9, eventFd));
        Guest.HvSignalEvent(9);
        Guest.HvSignalEvent(9);

        Assert.True(eventFd.TryConsume(out ulong count));
        Assert.Equal(2ul, count);
    }

    [Fact]
    public void Signalling_allocates_nothing()
    {
        Assert.Equal(0, Allocations.Of(() =>
        {
            Guest.HvSignalEvent(Events);
            _partitions.RootSynic.EventFlagsPage!.Value.Flags(TestPartitions.Sint).Clear();
        }, 1000));
    }

    private void WriteMessage(PostMessageInput input) => MemoryMarshal.Write(Guest.Memory.Bytes(_input, PostMessageInput.Size), input);
}
